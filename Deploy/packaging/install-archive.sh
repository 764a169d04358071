#!/bin/sh
# Installs the unpacked archive on a system without dpkg: run it as root in its folder. Run it again to upgrade; data and
# configuration are kept. To remove: stop the service, then delete /usr/lib/mobilevlm, /usr/bin/mobilevlm,
# /usr/lib/systemd/system/mobilevlm.service, /usr/lib/sysusers.d/mobilevlm.conf, /etc/mobilevlm, /var/lib/mobilevlm.
set -e
cd "$(dirname "$0")"
running=no
if [ -d /run/systemd/system ] && systemctl is-active --quiet mobilevlm.service; then
    running=yes
    systemctl stop mobilevlm.service
fi
rm -rf /usr/lib/mobilevlm
cp -r usr /
systemd-sysusers mobilevlm.conf
install -d -m 755 /etc/mobilevlm
install -d -m 750 -o mobilevlm -g mobilevlm /var/lib/mobilevlm /var/lib/mobilevlm/models
[ -e /etc/mobilevlm/appsettings.json ] || install -m 640 -g mobilevlm usr/lib/mobilevlm/appsettings.example.json /etc/mobilevlm/appsettings.json
[ -e /etc/mobilevlm/mqtt-password ] || install -m 600 /dev/null /etc/mobilevlm/mqtt-password
[ ! -d /run/systemd/system ] || systemctl daemon-reload
if [ $running = yes ]; then
    systemctl start mobilevlm.service
else
    echo "Import a model, edit /etc/mobilevlm/appsettings.json, then: systemctl enable --now mobilevlm"
fi
