create table if not exists containers (
    account text, name text, meta jsonb not null default '{}',
    modified timestamptz not null default now(), primary key (account, name));
create sequence if not exists version;
create table if not exists objects (
    uuid text primary key default gen_random_uuid()::text, account text not null,
    container text not null, name text not null, mapfile text not null, bytes bigint not null,
    type text, modified timestamptz not null default now(), version bigint default nextval('version'),
    meta jsonb not null default '{}', sharing text,
    public text unique, unique (account, container, name),
    foreign key (account, container) references containers on update cascade);
create table if not exists images (
    uuid text primary key references objects on delete cascade, name text not null,
    public boolean not null, properties jsonb not null, created timestamptz default now(),
    updated timestamptz default now());
create or replace view image as
    select uuid id, i.name, mapfile, mapfile checksum, bytes size, account as owner, properties,
    to_char(created, 'YYYY-MM-DD"T"HH24:MI:SS.USOF:00') created_at,
    to_char(updated, 'YYYY-MM-DD"T"HH24:MI:SS.USOF:00') updated_at, '' deleted_at,
    format('pithos://%s/%s/%s', account, container, o.name) as location, false is_snapshot,
    'bare' container_format, 'diskdump' disk_format, 'AVAILABLE' status, i.public is_public
    from images i join objects o using (uuid);
create or replace function compute_image(i image, base text) returns json language sql as $$
    select json_build_object('id', i.id, 'name', i.name, 'status', 'ACTIVE', 'progress', 100,
    'created', i.created_at, 'updated', i.updated_at, 'is_snapshot', false, 'public', i.is_public,
    'user_id', i.owner, 'tenant_id', i.owner, 'metadata', i.properties, 'links', json_build_array(
    json_build_object('rel', 'self', 'href', base || '/compute/v2.0/images/' || i.id),
    json_build_object('rel', 'bookmark', 'href', base || '/compute/v2.0/images/' || i.id),
    json_build_object('rel', 'alternate', 'href', base || '/image/v1.0/images/' || i.id))) $$;
create or replace view container as
    select c.account, c.name, c.meta, count(uuid) "count", coalesce(sum(bytes), 0)::bigint bytes,
    to_char(greatest(c.modified, max(o.modified)), 'YYYY-MM-DD"T"HH24:MI:SS.USOF:00') last_modified,
    json_build_object('project', c.account, 'quota', '0', 'versioning', 'auto') x_container_policy
    from containers c left join objects o on o.account = c.account and container = c.name
    group by c.account, c.name, c.meta, c.modified;
create or replace view listed as
    select account, container, name, (jsonb_build_object('available', 1, 'hash', '', 'name', name,
    'bytes', bytes, 'x_object_version_timestamp', extract(epoch from modified), 'x_object_uuid', uuid,
    'last_modified', to_char(modified, 'YYYY-MM-DD"T"HH24:MI:SS.USOF:00'), 'content_type', type,
    'x_object_hash', mapfile, 'map_check_timestamp', null, 'x_object_version', version,
    'x_object_modified_by', account)
    || case when sharing is null then '{}'
       else jsonb_build_object('x_object_sharing', 'read=' || sharing) end
    || case when public is null then '{}' else jsonb_build_object('x_object_public', public) end) body
    from objects;
create table if not exists alembic_version (version_num varchar(32) primary key);
