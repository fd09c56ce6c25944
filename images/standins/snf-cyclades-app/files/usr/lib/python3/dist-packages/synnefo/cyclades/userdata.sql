create table userdata_publickeypair (id serial primary key, "user" text not null,
    name text not null, content text not null, fingerprint text not null);
