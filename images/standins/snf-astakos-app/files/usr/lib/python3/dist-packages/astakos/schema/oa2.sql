create table oa2_client (
    id serial primary key, identifier varchar(255) unique not null, secret varchar(255),
    type varchar(100) not null, is_trusted boolean not null default false);
create table oa2_redirecturl (
    id serial primary key, client_id integer not null references oa2_client on delete cascade,
    url text not null);
