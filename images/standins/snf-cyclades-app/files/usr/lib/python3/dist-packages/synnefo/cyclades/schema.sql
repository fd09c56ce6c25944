create table db_backend (
    id serial primary key, clustername varchar(128) unique not null, port integer not null,
    username varchar(64) not null, password_hash varchar(255) not null,
    hypervisor varchar(32) not null, drained boolean not null default true,
    offline boolean not null default false, disk_templates text[]);
create table db_volumetype (id serial primary key, name varchar(255), disk_template varchar(32));
create table db_flavor (
    id serial primary key, cpu integer, ram integer, disk integer,
    volume_type_id integer references db_volumetype, allow_create boolean default true,
    deleted boolean default false, unique (cpu, ram, disk, volume_type_id));
create table db_network (
    id serial primary key, name varchar(128), userid varchar(128), subnet text, gateway text,
    public boolean, dhcp boolean, flavor varchar(32), mode varchar(16), link varchar(32),
    mac_prefix varchar(32), tags text, floating_ip_pool boolean, drained boolean default false,
    state varchar(32) default 'ACTIVE', action varchar(32) default 'CREATE');
create table db_backendnetwork (
    network_id integer references db_network, backend_id integer references db_backend,
    operstate varchar(30) default 'PENDING', backendjobid integer, backendopcode varchar(64),
    backendjobstatus varchar(30), primary key (network_id, backend_id));
create table db_pooltable (
    id serial primary key, type varchar(16) unique, base varchar(32), size integer, "offset" integer,
    used integer default 0);
create table db_virtualmachine (
    id serial primary key, name varchar(255), userid varchar(100), imageid varchar(100),
    flavor_id integer references db_flavor, backend_id integer references db_backend,
    networks jsonb, operstate varchar(30) default 'BUILD', buildpercentage integer default 0,
    backendjobid integer, deleted boolean default false, created timestamptz default now());
