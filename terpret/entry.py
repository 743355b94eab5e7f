"""What every command does first of all, and what it does last.

`begin` comes before all other imports: reading the libraries takes seconds, in which signals come.
What takes time to import is imported here only when they are heeded.
"""

import atexit
import faulthandler
import os
import sys
from collections.abc import Sequence

from terpret import output, signals

# What training needs first; whoever has these has all of requirements.txt.
TRAINING = ("absl", "numpy", "tensorflow", "tqdm")
_ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_FOLDER = ".venv"
# It lies beside the library in the project's folder, and nowhere else.
_REQUIREMENTS = "requirements.txt"
# The exit status, once it is known.
_status: int | None = None


def begin(packages: Sequence[str] = TRAINING) -> None:
    """Makes signals and output safe, and leaves where the environment lacks a package."""
    # Its import alone holds signals back, which nobody may who does not let them go here.
    from terpret import hold

    signals.take()
    hold.release()
    output.secure()
    # A crash in a library's own code ends in a word, too.
    faulthandler.enable()
    # The first to be registered is the last to be called.
    atexit.register(_leave)
    require(packages)


def require(packages: Sequence[str]) -> None:
    """Leaves with status 1 where a package is missing, and says how to have it."""
    import importlib.util

    missing = [name for name in packages if importlib.util.find_spec(name) is None]
    if not missing:
        return
    if not os.path.isfile(os.path.join(_ROOT, _REQUIREMENTS)):
        # Installed: pip brings what an installed package lacks.
        advice = f"type {sys.executable} -m pip install neural-terpret first"
    elif sys.prefix != sys.base_prefix:
        advice = f"type pip install -r {os.path.join(_ROOT, _REQUIREMENTS)} first"
    elif os.path.isdir(os.path.join(_ROOT, _FOLDER)):
        advice = f"the project's environment is not active; type {activation()} first"
    elif os.name == "nt":
        advice = f"set the project up as {os.path.join(_ROOT, 'README.md')} says under Install"
    else:
        advice = f"set the project up by typing make demo in {_ROOT}"
    output.say(f"error: {sys.executable} has no package {missing[0]}: {advice}")
    end(1)


def activation() -> str:
    """What is typed to activate the environment that `make` has set up."""
    import shlex

    here = os.path.realpath(os.getcwd()) == os.path.realpath(_ROOT)
    folder = _FOLDER if here else os.path.join(_ROOT, _FOLDER)
    if os.name == "nt":
        return os.path.join(folder, "Scripts", "activate")
    return f"source {shlex.quote(os.path.join(folder, 'bin', 'activate'))}"


def end(status: int) -> None:
    """Ends a command after all that it has printed is out."""
    global _status
    _status = output.status_of_output(status)
    sys.exit(_status)


def _leave() -> None:
    """Leaves while signals are still heeded; taking the interpreter apart would no longer do so."""
    if _status is not None:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(_status)
