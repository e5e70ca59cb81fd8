"""The command `paiaa`: one thin function a verb; whatever a verb needs is imported when it runs."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Annotated

import typer

from paiaa_jax import extras
from paiaa_jax.errors import UserError
from paiaa_jax.files import expand_home

app = typer.Typer(
  help="How beautiful photographs are to people, and to you. Everything stays on this machine.",
  add_completion=False,
  rich_markup_mode=None,  # plain help is there in half the time
  pretty_exceptions_enable=False,
)

STOPPED = 130  # what typer makes of Ctrl-C
TERMINATED = 143  # 128 + SIGTERM
KEPT = "what was scored is kept, the same command goes on from here."

Paths = Annotated[list[Path], typer.Argument(help="Photographs, and folders of them.")]
Model = Annotated[
  str | None,
  typer.Option(help="Model folder, or hf:OWNER/NAME [default: $PAIAA_MODEL or the packaged one]"),
]
BatchSize = Annotated[int, typer.Option(min=1, help="Photographs a call of the network.")]
Recursive = Annotated[bool, typer.Option("--recursive", "-r", help="Folders in folders too.")]
CachePath = Annotated[
  Path | None,
  typer.Option(
    "--cache", help="Score cache file [default: $PAIAA_CACHE or ~/.cache/paiaa/scores.sqlite]"
  ),
]
Output = Annotated[
  Path | None, typer.Option("--output", "-o", help="A .csv, .jsonl or .parquet file; else stdout.")
]
Vectors = Annotated[
  Path | None,
  typer.Option(
    "--features", help="Anybody's vectors of the photographs, .npy or .parquet, to learn taste on."
  ),
]
ProfilePath = Annotated[Path, typer.Option("--profile", help="What `paiaa personalize` wrote.")]


@app.command()
def score(  # noqa: PLR0913 each parameter is an option of the command
  paths: Paths,
  output: Output = None,
  model: Model = None,
  batch_size: BatchSize = 32,
  recursive: Recursive = False,
  cache: CachePath = None,
  strict: Annotated[bool, typer.Option("--strict", help="Exit code 1 if a file was bad.")] = False,
  html: Annotated[Path | None, typer.Option(help="A page of the best too, one .html file.")] = None,
  top: Annotated[int, typer.Option(min=0, help="How many on the page; 0: all.")] = 50,
) -> None:
  """Scores, their distribution, and traits.

  A row for each photograph, a bad file's error too. On a terminal the best are shown; -o or a pipe
  gets every row.
  """
  from paiaa_jax.photos import verbs

  library = _library(paths, model, batch_size, recursive, cache)
  bad = verbs.score(library, output, html, top)
  if strict and bad:
    raise typer.Exit(1)


@app.command()
def suggest(  # noqa: PLR0913 each parameter is an option of the command
  paths: Paths,
  output: Annotated[Path, typer.Option("--output", "-o", help="A .csv to fill in.")],
  count: Annotated[int, typer.Option("--count", "-n", min=1, help="How many photographs.")] = 20,
  rated: Annotated[Path | None, typer.Option(help="A table of those rated already.")] = None,
  html: Annotated[Path | None, typer.Option(help="A page of them too, one .html file.")] = None,
  model: Model = None,
  batch_size: BatchSize = 32,
  recursive: Recursive = False,
  cache: CachePath = None,
) -> None:
  """Which photographs to rate first."""
  from paiaa_jax.photos import ratings, verbs

  done = ratings.read_paths(rated) if rated else []
  library = _library(paths, model, batch_size, recursive, cache)
  verbs.suggest(library, done, count, output, html)


@app.command()
def personalize(  # noqa: PLR0913 each parameter is an option of the command
  table: Annotated[
    Path | None, typer.Argument(help="A csv of photographs and ratings, or a session of the page.")
  ] = None,
  output: Annotated[Path, typer.Option("--output", "-o", help="The profile to write.")] = Path(
    "me.json"
  ),
  from_xmp: Annotated[
    Path | None, typer.Option(help="Read the stars of a photo manager from this folder instead.")
  ] = None,
  scale: Annotated[
    tuple[float, float], typer.Option(help="Lowest and highest rating of the csv.")
  ] = (1.0, 5.0),
  verbose: Annotated[bool, typer.Option("--verbose", help="Figures too.")] = False,
  initial_star: Annotated[
    bool | None, typer.Option(help="Count the 1 star that darktable gives on import; else it asks.")
  ] = None,
  features: Vectors = None,
  model: Model = None,
  batch_size: BatchSize = 32,
  recursive: Recursive = False,
  cache: CachePath = None,
) -> None:
  """Your ratings become a profile.

  It says whether your score ranks photographs that were left out better than the general one.
  A rejected photograph counts as one of the lowest rating.
  """
  _one_thread()
  from paiaa_jax.photos import given_stars, ratings, verbs

  if table and not from_xmp:
    found = _session(table) or ratings.read_table(table, scale)
  elif from_xmp and not table:
    found = given_stars.settle_initial(given_stars.read_stars([from_xmp], recursive), initial_star)
  else:
    raise UserError("give either a csv of ratings or --from-xmp=FOLDER.")
  if not found.paths:
    deeper = "" if table or recursive else "; --recursive looks into folders in folders"
    raise UserError(f"no rating in {table or from_xmp}{deeper}.")
  library = _library(found.paths, model, batch_size, False, cache, features)
  verbs.personalize(library, found, output, verbose)


@app.command()
def rank(  # noqa: PLR0913 each parameter is an option of the command
  paths: Paths,
  profile: ProfilePath,
  output: Output = None,
  top: Annotated[int, typer.Option(min=0, help="How many; 0: all.")] = 50,
  within_bursts: Annotated[
    bool, typer.Option("--within-bursts", help="The best take of each burst first.")
  ] = False,
  html: Annotated[Path | None, typer.Option(help="A page of pictures too, one .html file.")] = None,
  copy_to: Annotated[Path | None, typer.Option(help="Copy them into this new folder.")] = None,
  features: Vectors = None,
  model: Model = None,
  batch_size: BatchSize = 32,
  recursive: Recursive = False,
  cache: CachePath = None,
) -> None:
  """Photographs in the order of your taste."""
  from paiaa_jax.photos import verbs

  library = _library(paths, model, batch_size, recursive, cache, features)
  verbs.rank(library, profile, top, within_bursts, output, html, copy_to)


@app.command()
def explain(
  photo: Annotated[Path, typer.Argument(help="One photograph.")],
  profile: ProfilePath,
  png: Annotated[Path | None, typer.Option(help="Draw the card into this .png too.")] = None,
  features: Vectors = None,
  model: Model = None,
  cache: CachePath = None,
) -> None:
  """Why a score is what it is: a sum."""
  from paiaa_jax.photos import verbs

  verbs.explain(_library([photo], model, 1, False, cache, features), profile, png)


@app.command()
def stars(
  paths: Paths,
  profile: ProfilePath,
  write: Annotated[bool, typer.Option("--write", help="Write sidecars; else only tell.")] = False,
  features: Vectors = None,
  model: Model = None,
  batch_size: BatchSize = 32,
  recursive: Recursive = False,
  cache: CachePath = None,
) -> None:
  """Predicted stars for XMP sidecars.

  A rating of your own is never touched, nor an image file; nothing is written without --write.
  """
  from paiaa_jax.photos import verbs

  verbs.stars(_library(paths, model, batch_size, recursive, cache, features), profile, write)


@app.command()
def rate(  # noqa: PLR0913 each parameter is an option of the command
  folder: Annotated[Path, typer.Argument(help="A folder of photographs.")],
  profile: Annotated[
    Path | None, typer.Option(help="A taste to start from, which `paiaa personalize` wrote.")
  ] = None,
  session: Annotated[
    Path | None, typer.Option(help="The file of your ratings [default: one a folder, kept for you]")
  ] = None,
  copy_to: Annotated[
    Path | None, typer.Option(help="Where the page may copy the best to [default: FOLDER-best]")
  ] = None,
  port: Annotated[int, typer.Option(min=0, max=65535, help="0: any that is free.")] = 0,
  no_browser: Annotated[bool, typer.Option("--no-browser", help="Only print the address.")] = False,
  host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
  seen_by_others: Annotated[
    bool,
    typer.Option(
      "--i-know-that-others-can-see-my-photographs", help="What another --host than ours means."
    ),
  ] = False,
  model: Model = None,
  batch_size: BatchSize = 8,
  recursive: Recursive = False,
  cache: CachePath = None,
) -> None:
  """Rate on a page, and watch your taste appear.

  It is served to this machine alone, by a token of its own. Photographs are only read.
  """
  _one_thread()
  from paiaa_jax.web import serve

  serve.check(host, seen_by_others)
  library = _library([folder], model, batch_size, recursive, cache)
  asked = serve.Asked(profile, session, copy_to, host, port, not no_browser, seen_by_others)
  serve.serve(library, asked)


@app.command()
def serve(
  host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
  port: Annotated[int, typer.Option(min=1, max=65535)] = 8000,
  profile: Annotated[
    Path | None, typer.Option(help="Whose personal scores, where a request brings no profile.")
  ] = None,
  max_mib: Annotated[int, typer.Option(min=1, help="Of one request.")] = 64,
  timeout: Annotated[float, typer.Option(min=1, help="Seconds that a request may take.")] = 60,
  model: Model = None,
  batch_size: BatchSize = 32,
) -> None:
  """A service for other programs: photographs in, rows out.

  POST /score, /personal and /rank, GET /healthz, /metrics and /openapi.json. Whoever reaches the
  address may ask. Nothing that is sent is kept.
  """
  from paiaa_jax.photos import cache
  from paiaa_jax.serving import serve

  serve.check()
  _keep_compiled(cache.default_path())
  from paiaa_jax.photos.choose_model import open_model

  asked = serve.Asked(host, port, profile, max_mib, timeout, batch_size)
  serve.serve(open_model(model), asked)


@app.command()
def train(
  table: Annotated[
    Path, typer.Argument(help="A csv of path, score; path, user, score; or path, p1..pN.")
  ],
  output: Annotated[Path, typer.Option("--output", "-o", help="The model folder to write.")],
  scale: Annotated[
    tuple[float, float] | None,
    typer.Option(help="Lowest and highest score [default: by the table's]"),
  ] = None,
  outputs: Annotated[
    str, typer.Option(help="Columns that become auxiliary outputs, as valence,arousal.")
  ] = "",
  photos: Annotated[
    Path | None, typer.Option(help="Where paths start [default: beside the table, then here]")
  ] = None,
  fast: Annotated[
    bool, typer.Option("--fast", help="Look at 224 pixels alone, which is five times as fast.")
  ] = False,
) -> None:
  """Your photographs and scores become a model.

  It says how well the model scores photographs that it did not learn from. Stopped, the same
  command goes on from there.
  """
  from paiaa_jax.photos import cache, verbs

  extras.require("polars", "training", "train")
  _keep_compiled(cache.default_path())
  from paiaa_jax.photos.train import Asked

  names = tuple(name.strip() for name in outputs.split(",") if name.strip())
  verbs.train(Asked(table, scale, names, photos, fast), output)


@app.command()
def demo(
  folder: Annotated[Path, typer.Argument(help="A new folder for all of it.")] = Path("paiaa-demo"),
  browser: Annotated[bool, typer.Option(help="Open the page in the browser.")] = True,
) -> None:
  """From nothing to a page of the best, in half a minute.

  Photographs that come with the package are scored, an imaginary person's ratings become a profile,
  and the page shows their order.
  """
  from paiaa_jax.photos import cache

  _keep_compiled(cache.default_path())
  from paiaa_jax.photos import demo

  demo.run(folder, browser)


@app.command()
def doctor(
  folder: Annotated[Path, typer.Argument(help="Whose files are looked at.")] = Path("."),
  model: Model = None,
) -> None:
  """What this installation has, and what is wrong with it.

  It scores a photograph whose score is known, and says which extra the files of a folder need. Exit
  code 1 where something is to be mended.
  """
  from paiaa_jax.photos import cache, verbs

  _keep_compiled(cache.default_path())
  if verbs.doctor(model, folder):
    raise typer.Exit(1)


@app.command()
def export(
  out: Annotated[Path, typer.Argument(help="A folder (safetensors) or file to write.")],
  form: Annotated[
    str, typer.Option("--format", help="safetensors, stablehlo or onnx.")
  ] = "safetensors",
  model: Model = None,
) -> None:
  """The model in a form that others read."""
  from paiaa_jax.photos import verbs

  verbs.export(model, form, out)


@app.callback(invoke_without_command=True)
def _about(
  version: Annotated[bool, typer.Option("--version", help="Prints the version.")] = False,
) -> None:
  if version:
    from paiaa_jax import __version__

    print(__version__)
    raise typer.Exit()


def _session(path):
  """The ratings of a session of `paiaa rate`; None for a file of another kind."""
  from paiaa_jax.web import kept, session

  return kept.read(path) if session.is_database(path) else None


def _library(paths, model, batch_size, recursive, cache, features=None):
  from paiaa_jax.photos import cache as caches

  _keep_compiled(Path(cache or caches.default_path()))
  from paiaa_jax.photos import own_vectors
  from paiaa_jax.photos.library import Library

  own = own_vectors.read(features) if features else None
  options = {"batch_size": batch_size, "recursive": recursive, "cache": cache, "vectors": own}
  return Library.open(paths, model, **options)


def _one_thread() -> None:
  """Before numpy is imported: OpenBLAS's threads wait for each other where others use the cores.

  Learning a taste takes many small products. A refit of the page, 100 ratings and 10,000
  photographs, took 0.17 s with one thread and 20 s with two, on two cores that others used too.
  """
  os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def _keep_compiled(cache: Path) -> None:
  """Before jax is imported, which reads it then: a network is compiled once on a machine."""
  beside = cache.expanduser().parent
  os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(beside / "compiled"))


class _Terminated(BaseException):
  """SIGTERM, which a scheduler sends; not an Exception, so that nothing takes it for a bad file."""


def _terminate(*_) -> None:
  raise _Terminated


def main() -> None:
  """Runs the command; what the user can mend (UserError) is one line on stderr and exit code 2."""
  former = signal.signal(signal.SIGTERM, _terminate)
  try:
    _run()
  finally:
    signal.signal(signal.SIGTERM, former)


def _run() -> None:
  try:
    code = app(expand_home(sys.argv[1:]) or ["--help"], standalone_mode=False)
  except _Terminated:
    _fail(f"stopped by SIGTERM; {KEPT}", TERMINATED)
  except UserError as error:
    _fail(str(error), 2)
  except ImportError as error:
    if (line := extras.told(error)) is None:
      raise
    _fail(line, 2)
  except Exception as error:
    told = getattr(error, "format_message", None)  # typer's own errors, by whatever class it has
    if told is None:
      raise
    _fail(told(), 2)
  if code == STOPPED:
    _fail(f"stopped; {KEPT}", STOPPED)
  sys.exit(code or 0)


def _fail(message: str, code: int) -> None:
  from paiaa_jax.photos.names import printable

  print(f"error: {printable(' '.join(message.split()))}", file=sys.stderr)
  sys.exit(code)
