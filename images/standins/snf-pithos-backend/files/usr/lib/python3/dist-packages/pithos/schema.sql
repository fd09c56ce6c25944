create table if not exists containers (account text, name text, primary key (account, name));
create table if not exists objects (
    uuid text primary key default gen_random_uuid()::text, account text not null,
    container text not null, name text not null, mapfile text not null, bytes bigint not null,
    type text, modified timestamptz not null default now(), unique (account, container, name),
    foreign key (account, container) references containers);
create table if not exists images (
    uuid text primary key references objects on delete cascade, name text not null,
    public boolean not null, properties jsonb not null, created timestamptz default now());
create or replace view image as
    select uuid id, i.name, mapfile, bytes size, account owner, properties, created::text,
    format('pithos://%s/%s/%s', account, container, o.name) as location,
    'AVAILABLE' status, public is_public from images i join objects o using (uuid);
create table if not exists alembic_version (version_num varchar(32) primary key);
