"""The addresses of `paiaa serve`: photographs in as multipart/form-data, rows out as JSON."""

from __future__ import annotations

import os
from typing import Annotated, Any

import msgspec
from fastapi import FastAPI, File, Request, Response, UploadFile
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, PlainTextResponse

from paiaa_jax import __version__
from paiaa_jax.errors import UserError
from paiaa_jax.personalization.profile import Profile
from paiaa_jax.photos import personal, profile_file, score
from paiaa_jax.serving.batches import Full
from paiaa_jax.serving.limits import Counts, Limits
from paiaa_jax.serving.scorer import Scorer, personal_rows, ranked_rows

MOST_FILES = 256  # of one request
Files = Annotated[list[UploadFile], File(description="Photographs, each under the name `files`.")]
Given = Annotated[UploadFile | None, File(description="What `paiaa personalize` wrote.")]


class Refusal(BaseModel):
  """What is wrong, in a sentence."""

  error: str


def make(scorer: Scorer, profile: Profile | None, most_bytes: int, seconds: float) -> Any:
  """The server as ASGI.

  Args:
    scorer: a model ready for uploads.
    profile: whose scores are told where a request brings no profile.
    most_bytes: of a request's body.
    seconds: in which it is there.
  """
  refusals: Any = {422: {"model": Refusal, "description": "What is wrong with the request."}}
  app = FastAPI(
    title="paiaa serve", version=__version__, docs_url=None, redoc_url=None, responses=refusals
  )
  counts, model = Counts(), scorer.model

  def photos_of(files: list[UploadFile]) -> list[score.Photo]:
    if len(files) > MOST_FILES:
      raise HTTPException(413, f"{len(files)} files; a request has {MOST_FILES} at most")
    uploads = [(os.path.basename(file.filename or "unnamed"), file.file.read()) for file in files]
    found = scorer.photos(uploads)
    bad = sum(bool(photo.error) for photo in found)
    counts.add("paiaa_photographs_total", len(found) - bad)
    counts.add("paiaa_bad_files_total", bad)
    return found

  def profile_of(given: UploadFile | None) -> Profile:
    found = profile_file.parse(given.file.read()) if given else profile
    if found is None:
      raise HTTPException(422, "no profile: send one as the field profile, or start with --profile")
    return personal.check_model(found, model)

  @app.post("/score")
  def scores(files: Files) -> Response:
    """A row of `paiaa score` for each file, in order; a bad file's says what is wrong with it."""
    return _json(personal_rows(photos_of(files), model, None))

  @app.post("/personal")
  def personal_scores(files: Files, profile: Given = None) -> Response:
    """The same with the personal score, and the interval of a new rating nine times in ten."""
    taste = profile_of(profile)
    return _json(personal_rows(photos_of(files), model, taste))

  @app.post("/rank")
  def ranking(files: Files, profile: Given = None) -> Response:
    """Rows of `paiaa rank`, best first; percentiles are of the files of this request."""
    taste = profile_of(profile)
    return _json(ranked_rows(photos_of(files), model, taste))

  @app.get("/healthz")
  def health() -> dict[str, str]:
    """Answers once the network is compiled."""
    return {"status": "ok", "model_id": model.model_id, "version": __version__}

  @app.get("/metrics", response_class=PlainTextResponse)
  def metrics() -> str:
    """Counters since the start, as Prometheus reads them."""
    return counts.text(waiting_photographs=len(scorer.waiting))

  _add_errors(app)
  return Limits(app, most_bytes, seconds, counts)


def _json(rows: list[dict[str, Any]]) -> Response:
  return Response(msgspec.json.encode({"rows": rows}), media_type="application/json")


def _add_errors(app: FastAPI) -> None:
  def add(kind: type[Exception], status: int, why: str = "", **headers: str) -> None:
    @app.exception_handler(kind)
    def told(_: Request, error: Exception) -> Response:
      return JSONResponse({"error": why or str(error)}, status, headers)

  add(UserError, 422)
  add(Full, 503, "too many photographs wait; try again.", **{"Retry-After": "1"})
  add(TimeoutError, 504, "the scores were not there in time.")

  @app.exception_handler(RequestValidationError)
  def misformed(_: Request, error: RequestValidationError) -> Response:
    first = error.errors()[0]
    told = f"{first['loc'][-1]}: {first['msg']}; /openapi.json says what a request holds."
    return JSONResponse({"error": told}, 422)

  @app.exception_handler(HTTPException)
  def refused(_: Request, error: HTTPException) -> Response:
    return JSONResponse({"error": f"{error.detail}."}, error.status_code)
