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
    service_type varchar(255), service_origin varchar(255),
    system_default numeric default 'Infinity', project_default numeric default 'Infinity',
    api_visible boolean, ui_visible boolean);
-- What commands and pages show of a user.
create view im_user as select u.*, a.*, first_name || ' ' || last_name realname, is_active active,
    array(select name from auth_group g join auth_user_groups m on g.id = m.group_id
          where m.user_id = u.id) groups,
    not email_verified pending_verification,
    email_verified and not moderated pending_moderation,
    case when not email_verified then 'Pending email verification'
         when not moderated then 'Pending moderation' else 'Accepted/Active' end status
    from auth_user u join im_astakosuser a on a.user_ptr_id = u.id;
