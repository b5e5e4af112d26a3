"""Servers that many tests need; each is started when the first test asks for it."""

pytest_plugins = [
    "tests.aws.dynamodb_local",
    "tests.aws.faults",
    "tests.aws.ministack",
    "tests.aws.packages",
    "tests.log_lines",
]
