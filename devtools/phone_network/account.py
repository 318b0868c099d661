"""The account that the demo has with the phone network. Nothing here is secret: it is of no use anywhere else."""

ACCOUNT = "AC" + "0" * 32
TOKEN = "development-only"  # noqa: S105
SECRET = "development-only"  # noqa: S105
NUMBER = "+12025550123"
