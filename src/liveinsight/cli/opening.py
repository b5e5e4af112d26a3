"""Opens the accounts, sites and keys of a data folder, whether a server runs or not."""

from liveinsight.config import Config, read_config
from liveinsight.data_dir import make_data_dir, read_secret


def open_app(data: str | None) -> Config:
    """Starts Django over the folder's own database, which is made if it is new."""
    config = read_config(data=data)
    folder = make_data_dir(config.data_dir)
    from liveinsight.dashboard.configuration import Configuration, configure

    configure(
        Configuration(
            secret_key=read_secret(folder, "django"),
            database=folder.app,
            https=config.is_https,
            trusted_proxies=config.trusted_proxies,
        )
    )
    from django.core.management import call_command

    call_command("migrate", verbosity=0, interactive=False)
    return config
