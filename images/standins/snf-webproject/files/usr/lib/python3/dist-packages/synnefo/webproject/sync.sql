-- What syncdb makes: Django's users, South's history, and where the hosts' settings are compared.
create table if not exists auth_user (
    id serial primary key, username varchar(254) unique not null, email varchar(254) not null,
    first_name varchar(30) not null, last_name varchar(30) not null, password varchar(128) not null,
    is_active boolean not null default false, is_superuser boolean not null default false,
    last_login timestamptz not null default now(), date_joined timestamptz not null default now());
create table if not exists auth_group (id serial primary key, name varchar(80) unique not null);
create table if not exists auth_user_groups (
    id serial primary key, user_id integer not null references auth_user on delete cascade,
    group_id integer not null references auth_group, unique (user_id, group_id));
create table if not exists south_migrationhistory (
    id serial primary key, app_name varchar(255), migration varchar(255),
    applied timestamptz default now());
create table if not exists standin_agreement (
    setting text, host text, value text, place text, primary key (setting, host));
-- Ends a request with a fault of this status.
create or replace function refuse(status text, told text) returns json language plpgsql as $$
begin raise '%', told using errcode = 'HT' || status; end $$;
