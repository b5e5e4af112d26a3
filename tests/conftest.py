"""What all tests share: examples without a stopwatch, and servers.

A server is started when the first test asks for it.
"""

from hypothesis import HealthCheck, settings

pytest_plugins = [
    "tests.aws.dynamodb_local",
    "tests.aws.faults",
    "tests.aws.ministack",
    "tests.aws.packages",
    "tests.log_lines",
]

# The default gives an example 200 ms, which a busy machine does not always keep.
settings.register_profile(
    "patient", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("patient")
