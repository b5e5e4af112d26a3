"""Opens the accounts, sites and keys of a data folder, whether a server runs or not."""

from liveinsight.config.read import read_config
from liveinsight.config.settings import Config
from liveinsight.data_dir import DataDir


def open_folder(data: str | None) -> Config:
    """Starts Django over the folder's own database, which is made if it is new."""
    config = read_config(data=data)
    folder = DataDir(config.data_dir)
    from liveinsight.app import open_app

    open_app(config, folder)
    return config
