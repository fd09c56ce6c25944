"""Makes psycopg2 wait the gevent way (G102); upstream's module is a copy of psycogreen's."""

from psycogreen.gevent import patch_psycopg

make_psycopg_green = patch_psycopg
