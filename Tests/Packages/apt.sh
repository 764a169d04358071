#!/bin/bash
# What Tests/Packages/run.sh has done with the repository, inside the booted system.
. /opt/test/steps.sh
echo "        $(. /etc/os-release; echo "$PRETTY_NAME"), $(systemctl --version | head -1 | cut -d'(' -f1)"

# Debian's lists are there already, and there is no network.
mv repository repository-new && mv repository-old repository
update() { apt-get update -o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts=/opt/test/sources -o APT::Get::List-Cleanup=0; }
mkdir sources
user "the key of the repository is installed" cp repository/mobilevlm-archive-keyring.gpg /usr/share/keyrings/
user "and its address" cp repository/mobilevlm.sources /etc/apt/sources.list.d/
cp repository/mobilevlm.sources sources/
step "apt-get update accepts the signature" update
user "apt installs the earlier release with what it depends on" apt-get install -y --no-install-recommends mobilevlm ffmpeg
step "which is 0.1.0" test "$(version)" = 0.1.0
step "the demo's model is imported by it" mobilevlm model import /usr/lib/mobilevlm/demo/mobilevlm-demo-gate /var/lib/mobilevlm/models/demo
cp appsettings.json $config
step "it starts" systemctl enable --now mobilevlm
step "and keeps states" within 30 test -s /var/lib/mobilevlm/questions.json
within 30 bash -c 'systemctl show mobilevlm -p StatusText --value | grep -q answers'
echo "        status: $(systemctl show mobilevlm -p StatusText --value)"
echo "a file of the user" >/var/lib/mobilevlm/kept
sums=$(sha256sum $config /var/lib/mobilevlm/models/demo/* /var/lib/mobilevlm/kept)

rm -r repository && mv repository-new repository
step "apt-get update sees the new release" update
user "apt upgrades" apt-get install -y --no-install-recommends --only-upgrade mobilevlm
step "to $(version)" test "$(version)" != 0.1.0
step "the service runs again" within 60 systemctl is-active mobilevlm
step "configuration, model and files are the same" test "$sums" = "$(sha256sum $config /var/lib/mobilevlm/models/demo/* /var/lib/mobilevlm/kept)"
step "it answers with the model folder of the earlier release" answers
sed 's/^/        /' /tmp/step | tail -1
user "doctor has no problems" mobilevlm doctor --config $config
grep -i '^verdict' /tmp/step | sed 's/^/        /'
step "what Depends states covers the native files" bash -c 'cd /usr/lib/mobilevlm && for file in *.so mobilevlm; do ldd ./$file | grep "not found" && exit 1; done; true'

user "apt removes" apt-get remove -y mobilevlm
step "and configuration and data stay" test -e $config -a -e /var/lib/mobilevlm/models/demo/model.json -a -e /var/lib/mobilevlm/kept
step "the service is stopped" bash -c '! systemctl is-active mobilevlm'
user "apt purges" apt-get purge -y mobilevlm
step "and nothing is left" nothing_is_left

sed -i 's/^Version: .*/&0/; s/^Date: .*/&0/' repository/dists/stable/InRelease
step "a repository that was changed is refused" bash -c \
    'apt-get update -o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts=/opt/test/sources -o APT::Get::List-Cleanup=0 2>&1 | grep "signatures were invalid"'
echo "all passed"
