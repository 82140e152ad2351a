"""Make Superset ready to serve: its own tables and login, and the dashboard from `assets`.

Runs in Superset's environment, with HABITUE_BI_ADDRESS set. May be run at any time: assets are
read anew, and so are the descriptions that stand in the database.
"""

import logging
import os
import sys
from pathlib import Path

import flask_migrate
import yaml
from flask import Flask
from sqlalchemy.engine import make_url
from superset.app import create_app
from superset_config import kept_secret

ASSETS = Path(__file__).with_name("assets")
DATABASE_FILE = "databases/habitue.yaml"
LOGIN = "habitue"


def prepare(app: Flask) -> None:
    """Bring tables, permissions, login and assets up to date."""
    from superset import appbuilder, security_manager

    flask_migrate.upgrade(directory=app.extensions["migrate"].directory)
    appbuilder.add_permissions(update_perms=True)
    security_manager.sync_role_definitions()
    if security_manager.find_user(LOGIN) is None:
        security_manager.add_user(
            LOGIN, "habitue", "", f"{LOGIN}@localhost", security_manager.find_role("Admin"),
            password=kept_secret("password"),
        )  # fmt: skip
    import_assets(os.environ["HABITUE_BI_ADDRESS"])


def import_assets(address: str) -> None:
    """Take over database, datasets, charts and dashboard; descriptions come from the database."""
    from superset import db, security_manager
    from superset.commands.importers.v1.assets import ImportAssetsCommand
    from superset.connectors.sqla.models import SqlaTable
    from superset.constants import PASSWORD_MASK
    from superset.sql.parse import Table
    from superset.utils.core import override_user

    reader = make_url(address)
    contents = {str(file.relative_to(ASSETS)): file.read_text() for file in ASSETS.rglob("*.yaml")}
    database = yaml.safe_load(contents[DATABASE_FILE])
    masked = reader.set(password=PASSWORD_MASK)
    database["sqlalchemy_uri"] = masked.render_as_string(hide_password=False)
    contents[DATABASE_FILE] = yaml.safe_dump(database)
    with override_user(security_manager.find_user(LOGIN)):
        ImportAssetsCommand(contents, passwords={DATABASE_FILE: str(reader.password)}).run()
        for dataset in db.session.query(SqlaTable).filter_by(schema="marts"):
            dataset.fetch_metadata()
            table = Table(dataset.table_name, dataset.schema)
            dataset.description = dataset.database.get_table_comment(table)
        db.session.commit()


if __name__ == "__main__":
    logging.disable(logging.INFO)
    sys.stdout = sys.stderr
    superset = create_app()
    with superset.app_context():
        prepare(superset)
