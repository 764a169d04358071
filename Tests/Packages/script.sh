#!/bin/bash
# What Tests/Packages/run.sh has done with install.sh, inside the booted system.
. /opt/test/steps.sh
# There is no network, and Debian's lists are there already.
mkdir -p /usr/local/sbin
printf '#!/bin/sh\n[ "$1" = update ] || exec /usr/bin/apt-get "$@"\n' >/usr/local/sbin/apt-get
chmod 755 /usr/local/sbin/apt-get
export PATH=/usr/local/sbin:$PATH

user "its help fits on a screen" sh release/install.sh --help
step "and names every option" bash -c 'for option in --from --key --demo --camera --model --broker --listen --uninstall --purge; do grep -q -- $option /tmp/step || sh release/install.sh --help | grep -q -- $option || exit 1; done'
step "a folder without a release is refused with the remedy" bash -c 'sh release/install.sh --from /tmp 2>&1 | grep "there is no SHA256SUMS at /tmp: --from names"'
cp -r release damaged && echo >>damaged/"$(cd release && ls *.deb)"
step "a damaged package is refused" bash -c 'sh release/install.sh --from damaged --demo 2>&1 | grep "its checksum differs"'
echo >>damaged/SHA256SUMS
step "a list that was changed is refused" bash -c 'sh release/install.sh --from damaged --key release/release.gpg --demo 2>&1 | grep "is not signed by"'
before=$(date +%s)
user "one command installs, configures and starts" sh release/install.sh --from release --key release/release.gpg --demo
grep -E '^Board|^Verdict|^Page' /tmp/step | sed 's/^/        /'
step "/readyz is 200" within 60 is /readyz 200
echo "        $(($(date +%s) - before)) s after the command began"
step "the page is there" is / 200
step "an answer arrives" answers
sed 's/^/        /' /tmp/step | tail -1
pid=$(systemctl show mobilevlm -p MainPID --value)
user "the same command again changes nothing and succeeds" sh release/install.sh --from release --demo
step "the service runs again" within 60 is /readyz 200
step "without a second copy of the configuration" test ! -e $config.bak.bak
step "a camera with a wrong password is reported, and the configuration is the one before" bash -c \
    'before=$(sha256sum <$0) && ! sh release/install.sh --from release --camera yard=rtsp://user:wrong@127.0.0.1:8554/stream --model /var/lib/mobilevlm/models/demo && test "$before" = "$(sha256sum <$0)"' $config
tail -3 /tmp/step | sed 's/^/        /'
user "with a camera instead, init tests it and writes the configuration" \
    sh release/install.sh --from release --camera yard=rtsp://user:secret@127.0.0.1:8554/stream --model /var/lib/mobilevlm/models/demo
step "the service runs with it" within 60 is /readyz 200
step "and answers for it" within 60 bash -c "timeout 10 mobilevlm watch --config $config | grep -m1 yard"
sed 's/^/        /' /tmp/step | tail -1
step "the configuration before is kept beside it" grep -q gate.mp4 $config.bak
step "the same command again succeeds" sh release/install.sh --from release \
    --camera yard=rtsp://user:secret@127.0.0.1:8554/stream --model /var/lib/mobilevlm/models/demo
user "it removes the package" sh release/install.sh --uninstall
step "and keeps configuration and data" test -e $config -a -e /var/lib/mobilevlm/models/demo/model.json
user "with --purge these too" sh release/install.sh --uninstall --purge
step "nothing is left" nothing_is_left
echo "all passed"
