"""`python -m antiphon.train`: a helper of a training process, which tells it what to do; see
`train.helpers`."""

from antiphon.train.helpers import serve
from antiphon.train.run import help_train

if __name__ == "__main__":
    serve(help_train)
