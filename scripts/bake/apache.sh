#!/bin/sh
# Apache's modules and sites as the guide sets them (G032-G035, G070-G073). The sites' own files come
# with the rendered configuration, later than this; a2ensite only wants them to exist.
set -eu
for module in ssl rewrite headers proxy_http; do
    a2enmod "$module"
done

# The default site is called "default" or "000-default.conf", by release; so is the suffix of ours.
for link in /etc/apache2/sites-enabled/*; do
    default=$(basename "$(readlink -f "$link")")
    a2dissite "${default%.conf}"
done
case $default in
    *.conf) suffix=.conf ;;
    *) suffix= ;;
esac
for site in synnefo synnefo-ssl; do
    touch "/etc/apache2/sites-available/$site$suffix"
    a2ensite "$site"
done

# No listings of directories. Newer versions want this sentence, because they call the module
# essential; older ones do not read it.
echo 'Yes, do as I say!' | a2dismod autoindex
