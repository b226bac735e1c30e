#!/bin/sh
# Part of the controller's image: its databases as a cloud has them that was set up with the guides' networks and router.
# Runs inside the image; /tmp/cloud_objects.py is there. Users of the database, all passwords, and the addresses of the
# services are made in each lab.
set -eu
install -d -o mysql -g mysql /run/mysqld
mariadbd-safe --skip-networking --no-watch
for _ in $(seq 100); do
    mariadb -e 'SELECT 1' >/dev/null 2>&1 && break
    sleep 0.2
done
mariadb -e 'CREATE DATABASE keystone; CREATE DATABASE neutron'
for service in keystone neutron; do
    cat >/tmp/$service.conf <<CONF
[database]
connection = mysql+pymysql://root@localhost/$service?unix_socket=/run/mysqld/mysqld.sock
CONF
done
keystone-manage --config-file /tmp/keystone.conf db_sync
neutron-db-manage --config-file /tmp/neutron.conf upgrade heads

# The two services run for the moment that it takes, in a network of their own, without a message bus or agents.
secret() { head -c 32 /dev/urandom | base64 | tr +/ -_; }
password=$(secret)
keystone=http://localhost:5000/v3
install -d -o keystone -g keystone -m 0700 /etc/keystone/fernet-keys
secret >/etc/keystone/fernet-keys/0
keystone-manage --config-file /tmp/keystone.conf bootstrap --bootstrap-password "$password" \
    --bootstrap-region-id RegionOne --bootstrap-public-url $keystone --bootstrap-internal-url $keystone \
    --bootstrap-admin-url $keystone
# Physical network and VNIs are those of lab_cloud_server_files in the role lab_cloud: a server takes VNIs of others back.
cat >>/tmp/neutron.conf <<CONF
[DEFAULT]
core_plugin = ml2
service_plugins = router
transport_url = fake://
notify_nova_on_port_status_changes = false
notify_nova_on_port_data_changes = false
[experimental]
linuxbridge = true
[keystone_authtoken]
auth_type = password
auth_url = $keystone
username = neutron
password = $password
project_name = service
user_domain_name = Default
project_domain_name = Default
region_name = RegionOne
[ml2]
type_drivers = flat,vxlan
tenant_network_types = vxlan
mechanism_drivers = linuxbridge
extension_drivers = port_security
[ml2_type_flat]
flat_networks = provider
[ml2_type_vxlan]
vni_ranges = 101:1000
CONF
cat >/tmp/clouds.yaml <<CLOUDS
clouds:
  lab:
    region_name: RegionOne
    auth:
      auth_url: $keystone
      username: admin
      password: $password
      project_name: admin
      user_domain_name: Default
      project_domain_name: Default
CLOUDS
export OS_CLIENT_CONFIG_FILE=/tmp/clouds.yaml LAB_SERVICE_PASSWORD="$password"
unshare --net sh -eu <<'SERVICES'
ip link set lo up
keystone-wsgi-public --port 5000 -- --config-file /tmp/keystone.conf >/tmp/services.log 2>&1 &
processes=$!
neutron-api --port 9696 -- --config-file /tmp/neutron.conf >>/tmp/services.log 2>&1 &
processes="$processes $!"
trap 'kill $processes' EXIT
python3 /tmp/cloud_objects.py cloud http://localhost:9696 || {
    tail -n 20 /tmp/services.log
    exit 1
}
SERVICES
mariadb-admin shutdown
rm /tmp/* /etc/keystone/fernet-keys/0
