#!/bin/bash
# The health check of the container: whether /readyz is 200, without a program that the image would need for it alone.
listen=${MobileVlm__Http__Listen:-0.0.0.0:8080}
exec 3<>"/dev/tcp/127.0.0.1/${listen##*:}" || exit 1
printf 'GET /readyz HTTP/1.0\r\nHost: localhost\r\n\r\n' >&3
read -r -t 4 _ status _ <&3
[ "$status" = 200 ] && exit 0
# The last line has the reason, and how far a download is.
while IFS= read -r -t 4 line || [ -n "$line" ]; do body=$line; done <&3
echo "/readyz: ${status:-no answer} ${body:-}"
exit 1
