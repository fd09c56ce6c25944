create table im_astakosuser (
    user_ptr_id integer primary key references auth_user on delete cascade,
    uuid varchar(255) unique not null, auth_token varchar(64) unique not null,
    auth_token_created timestamptz not null default now(), auth_token_expires timestamptz,
    email_verified boolean not null default false, moderated boolean not null default false,
    is_rejected boolean not null default false, updated timestamptz not null default now());
create table im_component (
    id serial primary key, name varchar(255) unique not null, url text, base_url text,
    auth_token varchar(64) unique not null, auth_token_created timestamptz default now());
create table im_service (
    id serial primary key, component_id integer not null references im_component on delete cascade,
    name varchar(255) unique not null, type varchar(255) not null, public_url text, version text);
create table im_resource (
    id serial primary key, name varchar(255) unique not null, "desc" text, unit varchar(255),
    service_type varchar(255), service_origin varchar(255), system_default numeric,
    project_default numeric, api_visible boolean, ui_visible boolean);
