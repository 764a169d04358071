#!/bin/sh
# Builds an ffmpeg that has what the service runs, from Debian's source package: Debian's own needs 246 MB of libraries, mostly for
# encoders, subtitles, sound and graphics cards that no camera needs. Runs while the image is built, on Debian 12 or later.
# Without --enable-gpl and --enable-nonfree the result is under the LGPL 2.1 or later. The folder also gets the licence and a note
# which source it was made of.
#
#   ffmpeg.sh FOLDER [amd64|arm64]     for another architecture than this one with a cross compiler
set -eu
target=$1
here=$(dpkg --print-architecture)
architecture=${2:-$here}
export DEBIAN_FRONTEND=noninteractive
# Fetched with the key that the base trusts already.
cat >/etc/apt/sources.list.d/source.sources <<SOURCES
Types: deb-src
URIs: ${MIRROR:-http://deb.debian.org/debian}
Suites: $(. /etc/os-release && echo "$VERSION_CODENAME")
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
SOURCES
# Where the base names its sources with other words, apt refuses to see one address twice with different keys.
apt-get update -qq || { sed -i '/^Signed-By/d' /etc/apt/sources.list.d/source.sources && apt-get update -qq; }
compiler=gcc cross=
if [ "$architecture" != "$here" ]; then
    case $architecture in amd64) triplet=x86_64-linux-gnu ;; arm64) triplet=aarch64-linux-gnu ;; *) echo "unknown architecture $architecture" >&2; exit 2 ;; esac
    dpkg --add-architecture "$architecture"
    apt-get update -qq
    compiler="gcc-$(echo $triplet | tr _ -) libc6-dev-$architecture-cross"
    cross="--enable-cross-compile --target-os=linux --arch=${triplet%%-*} --cross-prefix=$triplet- --pkg-config=pkg-config"
    export PKG_CONFIG_LIBDIR=/usr/lib/$triplet/pkgconfig:/usr/share/pkgconfig
fi
# shellcheck disable=SC2086 # several packages
apt-get install -y -qq --no-install-recommends dpkg-dev gcc libc6-dev $compiler make nasm pkg-config patch xz-utils \
    "zlib1g-dev:$architecture" "libssl-dev:$architecture" "libdav1d-dev:$architecture"
work=$(mktemp -d)
cd "$work"
apt-get source -qq ffmpeg
version=$(dpkg-parsechangelog --file ffmpeg-*/debian/changelog --show-field Version)
cd ffmpeg-*/

# Names of parts, one group a line. Parsers and bit stream filters are all built, because they are small.
decoders=h264,hevc,mjpeg,mjpegb,mpeg4,h263,h263p,flv,mpeg1video,mpeg2video,vp8,vp9,libdav1d,vc1,wmv1,wmv2,wmv3,msmpeg4v1,msmpeg4v2
decoders=$decoders,msmpeg4v3,theora,prores,dnxhd,ffv1,huffyuv,ffvhuff,rawvideo,wrapped_avframe,png,apng,gif,bmp,ppm,pgm,pgmyuv,webp,tiff,jpegls
# Sound is never decoded, but without these ffmpeg waits for what their packets would say about it.
decoders=$decoders,aac,aac_latm,ac3,eac3,mp1,mp2,mp3,opus,vorbis,flac,pcm_alaw,pcm_mulaw,pcm_s16le,pcm_s16be,adpcm_g726,adpcm_g722
demuxers=rtsp,rtp,sdp,mpegts,mpegtsraw,mpegps,mpegvideo,mov,matroska,avi,flv,live_flv,hls,asf,ogg,ivf,av1,obu,h264,hevc,h263,m4v,vc1,mjpeg
demuxers=$demuxers,mjpeg_2000,mpjpeg,mxf,nut,gif,apng,webm_dash_manifest,image2,image2pipe,image_jpeg_pipe,image_png_pipe,image_webp_pipe
demuxers=$demuxers,image_bmp_pipe,image_tiff_pipe,image_ppm_pipe,concat,rawvideo,yuv4mpegpipe,dv,aac,mp3,wav
muxers=image2pipe,image2,framecrc,framemd5,fifo,mpegts,mp4,mov,matroska,rawvideo,null,h264,hevc,mjpeg,rtsp,rtp
protocols=file,pipe,unix,tcp,udp,rtp,srtp,tls,http,https,httpproxy,crypto,data,rtmp,rtmps,rtmpt,rtmpts
# 'trim' and the last line are what ffmpeg itself inserts: for limits, rotated videos, and conversions.
filters=select,scale,format,setpts,fps,null,trim,crop,noformat,setsar,setdar
filters=$filters,transpose,hflip,vflip,rotate,copy,anull,aformat,aresample,atrim
# shellcheck disable=SC2086 # several options or none
./configure --prefix=/usr --disable-everything --disable-autodetect --disable-doc --disable-debug --disable-ffplay --disable-ffprobe \
    --disable-postproc --enable-pic --enable-openssl --enable-zlib --enable-libdav1d --enable-parsers --enable-bsfs --enable-indev=v4l2 \
    --enable-encoder=ppm,wrapped_avframe --enable-decoder="$decoders" --enable-demuxer="$demuxers" --enable-muxer="$muxers" \
    --enable-protocol="$protocols" --enable-filter="$filters" --extra-cflags=-w $cross --extra-version="$version" || { tail -20 ffbuild/config.log; exit 1; }
make -j"$(nproc)" ffmpeg >/dev/null
mkdir -p "$target/usr/bin" "$target/usr/share/doc/ffmpeg"
install -m 755 ffmpeg "$target/usr/bin/ffmpeg"
install -m 644 COPYING.LGPLv2.1 LICENSE.md "$target/usr/share/doc/ffmpeg/"
{
    echo "This ffmpeg was built for the image of MobileVlm.Edge from Debian's source package ffmpeg $version, unchanged, under the LGPL 2.1"
    echo "or later (COPYING.LGPLv2.1). Get the source with: apt-get source ffmpeg=$version, or from https://snapshot.debian.org/."
    echo "Its configuration:"
    sed -n 's/^#define FFMPEG_CONFIGURATION //p' config.h
} >"$target/usr/share/doc/ffmpeg/README"
cd /
rm -rf "$work"
