"""A node's settings as the roles render them, for tests of the stand-ins."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

# Of the database: what operators type, and each language quotes in its own way.
PASSWORD = 'it\'s "one" 50%'
CLOUDBAR = """CLOUDBAR_LOCATION = 'https://node1.rehearsal.test/static/im/cloudbar/'
CLOUDBAR_SERVICES_URL = 'https://node1.rehearsal.test/astakos/ui/get_services'
CLOUDBAR_MENU_URL = 'https://node1.rehearsal.test/astakos/ui/get_menu'
"""
AUTH_URL = "ASTAKOS_AUTH_URL = 'https://node1.rehearsal.test/astakos/identity/v2.0'\n"
SHARED = {
    "00-snf-common-admins.conf": """
ADMINS = (('Admin', 'admin@rehearsal.test'),)
MANAGERS = ADMINS
HELPDESK = ADMINS
EMAIL_SUBJECT_PREFIX = '[rehearsal] '
DEFAULT_FROM_EMAIL = CONTACT_EMAIL = SERVER_EMAIL = 'synnefo@rehearsal.test'
EMAIL_BACKEND = 'django.core.mail.backends.filebased.EmailBackend'
EMAIL_FILE_PATH = '{mail}'
""",
    "10-snf-webproject-database.conf": """
DATABASES = {{'default': {{
    'ENGINE': 'django.db.backends.postgresql_psycopg2', 'NAME': 'snf_apps', 'USER': 'synnefo',
    'PASSWORD': """
    + repr(PASSWORD)
    + """, 'HOST': '127.0.0.1', 'PORT': '{port}'}}}}
""",
    "10-snf-webproject-deploy.conf": "SECRET_KEY = 'k' * 40\nLOG_DIR = '{mail}'\n",
    "20-snf-cyclades-gtools-backend.conf": "AMQP_HOSTS = ['amqp://synnefo:brokerpw1@127.0.0.1:{amqp}']\n",
}
PITHOS_DB = f"'postgresql://synnefo:{quote(PASSWORD)}@127.0.0.1:{{port}}/snf_pithos'\n"
NODE1 = SHARED | {
    "20-snf-astakos-app-settings.conf": """
ASTAKOS_COOKIE_DOMAIN = '.rehearsal.test'
ASTAKOS_BASE_URL = 'https://node1.rehearsal.test/astakos'
""",
    "20-snf-astakos-app-cloudbar.conf": CLOUDBAR,
    "20-snf-cyclades-app-api.conf": AUTH_URL
    + """CYCLADES_BASE_URL = 'https://node1.rehearsal.test/cyclades'
CYCLADES_SERVICE_TOKEN = 'cycladesToken1'
SECRET_ENCRYPTION_KEY = 'encryptionKey1'
DEFAULT_MAC_FILTERED_BRIDGE = 'br2'
CYCLADES_VNCAUTHPROXY_OPTS = [{{
    'auth_user': 'synnefo', 'auth_password': 'vncpassword1', 'server_address': '127.0.0.1',
    'server_port': 24999, 'enable_ssl': False, 'ca_cert': None, 'strict': False}}]
""",
    "20-snf-cyclades-app-cloudbar.conf": CLOUDBAR,
    "20-snf-cyclades-app-plankton.conf": f"BACKEND_DB_CONNECTION = {PITHOS_DB}",
    "20-snf-cyclades-app-queues.conf": SHARED["20-snf-cyclades-gtools-backend.conf"],
    "20-snf-cyclades-app-vmapi.conf": "VMAPI_CACHE_BACKEND = 'memcached://127.0.0.1:11211/?timeout=3600'\n",
    "20-snf-admin-app-general.conf": "ADMIN_BASE_URL = 'https://node1.rehearsal.test/admin'\n",
}
NODE2 = SHARED | {
    "20-snf-pithos-app-settings.conf": AUTH_URL
    + f"""PITHOS_BASE_URL = 'https://node2.rehearsal.test/pithos'
PITHOS_BACKEND_DB_CONNECTION = {PITHOS_DB}PITHOS_SERVICE_TOKEN = 'pithosToken1'
PITHOS_OAUTH2_CLIENT_CREDENTIALS = ('pithos-view', 'oauthSecret1')
PITHOS_BACKEND_ARCHIPELAGO_CONF = '{{archipelago}}'
""",
    "20-snf-pithos-webclient-cloudbar.conf": CLOUDBAR,
}
WITHOUT = {"node1": "snf-pithos-app:snf-pithos-webclient"}
WITHOUT["node2"] = "snf-astakos-app:snf-cyclades-app:snf-admin-app"


def write(folder: Path, files: dict[str, str], **values: object) -> Path:
    """Write the settings of a node and return their folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text.format(**values))
    return folder
