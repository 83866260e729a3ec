"""`python -m antiphon.train`: a helper of a training process, which tells it what to do; see
`train.helper_processes`."""

from antiphon.train.helper_processes import serve
from antiphon.train.run import help_train

if __name__ == "__main__":
    serve(help_train)
