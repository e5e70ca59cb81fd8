"""The addresses of the page: each route checks what it was given, and asks the room."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path as FilePath
from typing import Annotated, Any, Literal

import msgspec
from fastapi import Body, FastAPI, Path, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, StreamingResponse
from fastapi.staticfiles import StaticFiles
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from paiaa_jax.cores import count_cores
from paiaa_jax.errors import UserError
from paiaa_jax.web import pictures, told, written
from paiaa_jax.web.orders import Order
from paiaa_jax.web.room import Room
from paiaa_jax.web.security import Door
from paiaa_jax.web.session import SameKey

STATIC = FilePath(__file__).parent / "static"
GONE = 499  # whoever asked for a picture has scrolled on
KEPT = "private, no-cache"  # kept, and asked about: another run has another photograph there

Id = Annotated[int, Path(ge=0, le=1 << 31)]
Key = Annotated[str, Field(min_length=8, max_length=64, pattern=r"^[\w-]+$")]
Number = Annotated[int, Field(ge=0, le=1 << 31)]


class _Strict(BaseModel):
  model_config = ConfigDict(extra="forbid", strict=True)


class Rate(_Strict):
  """A rating 1..5, 0 to clear, -1 to reject, null to leave it as it is; a pick; both."""

  id: Number
  value: Annotated[int, Field(ge=-1, le=5)] | None = None
  pick: bool | None = None
  key: Key
  order: Annotated[str, Field(max_length=20, pattern=r"^[a-z]*$")] = ""


class Undo(_Strict):
  """Undoes the last action that stands."""

  key: Key


class Compare(_Strict):
  """The best of two to four photographs."""

  ids: Annotated[list[Number], Field(min_length=2, max_length=4)]
  best: Number
  key: Key


Ids = Annotated[list[Number], Field(max_length=5000)]


class Stars(_Strict):
  """Stars for these photographs, or for all; told, or written."""

  ids: Ids | None = None
  write: bool = False


class Copy(_Strict):
  """Copies of these photographs, or of the best `count`; told, or written."""

  ids: Ids | None = None
  count: Annotated[int, Field(ge=1, le=10_000)] = 20
  by: Literal["personal", "generic"] = "personal"
  write: bool = False


class JSON(Response):
  """NaN is null; fast on long columns."""

  media_type = "application/json"

  def render(self, content: Any) -> bytes:
    """Any plain value as bytes."""
    return msgspec.json.encode(content)


def make(room: Room, token: str, host: str, port: int) -> tuple[Any, FastAPI]:
  """The server as ASGI, behind its door, and the app inside."""
  app = FastAPI(
    title="paiaa rate", docs_url=None, redoc_url=None, openapi_url="/api/openapi.json",
    default_response_class=JSON, redirect_slashes=False,
  )  # fmt: skip
  _add_errors(app)
  _add_library(app, room)
  _add_actions(app, room)
  _add_pictures(app, room)
  _add_view(app, room)
  _add_files(app, room)
  app.mount("/static", StaticFiles(directory=STATIC), name="static")

  @app.get("/", include_in_schema=False)
  def page() -> FileResponse:
    return FileResponse(STATIC / "index.html")

  return Door(app, token, host, port), app


def _add_errors(app: FastAPI) -> None:
  @app.exception_handler(UserError)
  def told_one(_: Request, error: UserError) -> Response:
    return JSON({"error": str(error)}, 409)

  @app.exception_handler(SameKey)
  def same_key(_: Request, error: SameKey) -> Response:
    return JSON({"error": f"{error}."}, 409)

  @app.exception_handler(RequestValidationError)
  def invalid(_: Request, error: RequestValidationError) -> Response:
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"] if part != "body")
    return JSON({"error": f"{where}: {first['msg']}." if where else f"{first['msg']}."}, 422)

  @app.exception_handler(HTTPException)
  def refused(_: Request, error: HTTPException) -> Response:
    return JSON({"error": f"{error.detail}."}, error.status_code)


def _known(room: Room, *numbers: int) -> None:
  if any(number >= len(room.collection) for number in numbers):
    raise HTTPException(404, "there is no photograph of that number")


def _add_library(app: FastAPI, room: Room) -> None:
  @app.get("/api/state")
  def state() -> Response:
    return JSON(room.state())

  @app.get("/api/photos")
  def photos() -> Response:
    return JSON(room.photos())

  @app.get("/api/events")
  async def events() -> Response:
    if room.events.is_full:
      raise HTTPException(429, "too many pages are open")
    return StreamingResponse(room.events.stream(), media_type="text/event-stream")


def _add_actions(app: FastAPI, room: Room) -> None:
  @app.post("/api/rate")
  def rate(given: Annotated[Rate, Body()]) -> Response:
    _known(room, given.id)
    if given.value is None and given.pick is None:
      raise HTTPException(422, "neither a value nor a pick was given")
    return JSON(room.rate(given.id, given.value, given.pick, given.key, given.order))

  @app.post("/api/undo")
  def undo(given: Annotated[Undo, Body()]) -> Response:
    return JSON(room.undo(given.key))

  @app.post("/api/compare")
  def compare(given: Annotated[Compare, Body()]) -> Response:
    _known(room, *given.ids)
    if given.best not in given.ids or len(set(given.ids)) < len(given.ids):
      raise HTTPException(422, "the ids differ, and the best is one of them")
    return JSON(room.compare(given.ids, given.best, given.key))

  @app.get("/api/compare/next")
  def together(count: Annotated[int, Query(ge=2, le=4)] = 2) -> Response:
    found = room.next_pair(count)
    return JSON({"ids": found.numbers, "burst": found.burst})

  @app.get("/api/next")
  def following(
    order: Order = "suggest",
    count: Annotated[int, Query(ge=1, le=200)] = 20,
    after: Annotated[int | None, Query(ge=0, le=1 << 31)] = None,
  ) -> Response:
    found = room.orders.next(order, count, after, room.refit.view, room.session.marks())
    return JSON({"ids": found.numbers, "order": found.order, "judged": found.judged})


def _add_view(app: FastAPI, room: Room) -> None:
  @app.get("/api/scores")
  def scores() -> Response:
    return JSON(told.scores(room.refit.view))

  @app.get("/api/best")
  def best(count: Annotated[int, Query(ge=1, le=200)] = 24) -> Response:
    return JSON(told.best(room.refit.view, room.refit.thought, count))

  @app.get("/api/explain/{number}")
  def explain(number: Id) -> Response:
    _known(room, number)
    return JSON(told.explain(room.refit.view, room.collection, number))

  @app.get("/api/taste")
  def taste() -> Response:
    return JSON(room.refit.thought.taste)


def _add_files(app: FastAPI, room: Room) -> None:
  def attached(data: bytes, kind: str, name: str) -> Response:
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return Response(data, media_type=kind, headers=headers)

  @app.post("/api/stars")
  def stars(given: Annotated[Stars, Body()]) -> Response:
    numbers = _distinct(room, given.ids)
    return JSON(written.give_stars(room.collection, room.refit.view, numbers, given.write))

  @app.post("/api/copy")
  def copy(given: Annotated[Copy, Body()]) -> Response:
    numbers = _distinct(room, given.ids)
    asked = numbers, given.count, given.by, given.write
    return JSON(written.copy_best(room.collection, room.refit.view, room.copy_to, *asked))

  @app.get("/api/export/ratings.csv")
  def ratings() -> Response:
    return attached(written.ratings_csv(room.collection, room.session), "text/csv", "ratings.csv")

  @app.get("/api/export/profile.json")
  def profile() -> Response:
    data = written.profile_json(room.collection, room.session)
    return attached(data, "application/json", "me.json")

  @app.get("/api/export/session")
  def session() -> Response:
    data = written.session_file(room.session)
    return attached(data, "application/vnd.sqlite3", "ratings.session")


def _distinct(room: Room, numbers: list[int] | None) -> list[int] | None:
  if numbers is None:
    return None
  _known(room, *numbers)
  return list(dict.fromkeys(numbers))


def _add_pictures(app: FastAPI, room: Room) -> None:
  pool = ThreadPoolExecutor(count_cores(), "pictures")
  turn = asyncio.Semaphore(2 * count_cores())

  async def made(request: Request, number: int, make: Callable[[], Any]) -> Any:
    """What `make` makes on a thread for pictures, unless nobody waits for it any more."""
    _known(room, number)
    if error := room.collection.errors[number]:
      raise HTTPException(404, f"{room.collection.names[number]}: {error}".rstrip("."))
    async with turn:
      if await request.is_disconnected():
        raise HTTPException(GONE, "nobody waits for it")
      return await asyncio.get_running_loop().run_in_executor(pool, make)

  def tagged(request: Request, number: int, what: str) -> tuple[str, Response | None]:
    """The ETag, and the answer to whoever has that picture already."""
    digest = room.collection.known_digest(number) if number < len(room.collection) else None
    if digest is None:
      return "", None
    tag = f'"{digest.hex()}-{what}"'
    if request.headers.get("if-none-match") != tag:
      return tag, None
    return tag, Response(status_code=304, headers={"etag": tag, "cache-control": KEPT})

  async def answered(request: Request, number: int, what: str, make: Callable[[], bytes]):
    tag, same = tagged(request, number, what)
    if same:
      return same
    data = await made(request, number, make)
    tag = tag or tagged(request, number, what)[0]
    headers = {"cache-control": KEPT, "etag": tag}
    return Response(data, media_type="image/jpeg", headers=headers)

  @app.get("/api/thumb/{number}")
  async def thumb(request: Request, number: Id, size: Literal["160", "320", "640"] = "320"):
    return await answered(request, number, size, lambda: room.thumbnail(number, int(size)))

  @app.get("/api/image/{number}")
  async def image(request: Request, number: Id, size: Literal["1600", "full"] = "1600"):
    side = pictures.MOST if size == "full" else pictures.SHOWN
    return await answered(request, number, size, lambda: room.picture(number, side))

  @app.get("/api/details/{number}")
  async def details(request: Request, number: Id) -> Response:
    return JSON(await made(request, number, lambda: room.details(number)))
