create table quotaholder_app_holding (
    holder varchar(255), resource varchar(255), usage numeric not null default 0,
    primary key (holder, resource));
