using System.Globalization;
using MobileVlm.Edge.Connectors.Frames;
using MobileVlm.Edge.Connectors.Tests.Cameras;
using MobileVlm.Edge.Connectors.Videos;

namespace MobileVlm.Edge.Connectors.Tests.Videos;

/// <summary>Which frames of a video are read, by real ffmpeg from ordinary and odd files. The brightness of each frame is its number, so that
/// a test sees which one it got.</summary>
public sealed class VideoReaderTests(VideoReaderTests.Clips clips) : IClassFixture<VideoReaderTests.Clips>
{
    private readonly FramePool _frames = new();

    /// <summary>Name of a file, and the numbers of the frames at 0, 1, 2 ... s. Frame n of the clip begins at n/10 s.</summary>
    public static TheoryData<string, int[]> Files => new()
    {
        { "plain.mp4", [0, 10, 20, 30, 40, 50] },
        { "plain.mkv", [0, 10, 20, 30, 40, 50] },
        { "plain.ts", [0, 10, 20, 30, 40, 50] },
        { "later.mp4", [0, 10, 20, 30, 40, 50] },
        { "later.ts", [0, 10, 20, 30, 40, 50] },

        // A gap of four seconds, in which the last frame before it is shown.
        { "variable.mkv", [0, 7, 7, 7, 7, 50] },

        // Its frames are at 0.0, 0.7, 1.4, ... s.
        { "uneven.mkv", [0, 7, 14, 28, 35, 49] },
        { "one.mkv", [0] },
        { "tenbit.mkv", [0, 10, 20, 30, 40, 50] },
        { "sound.mkv", [0, 10, 20, 30, 40, 50] },
        { "a 'b' <c>&:d.mp4", [0, 10, 20, 30, 40, 50] },

        // First bytes of a picture. Raw JPEG has no times, so that frame n begins at n/25 s.
        { "raw.mjpeg", [0, 25, 50] },
        { "misnamed.jpg", [0, 25, 50] },
        { "padded.mjpeg", [0, 25, 50] },
        { "animation.png", [0, 10, 20, 30, 40, 50] },
        { "animation.gif", [0, 10, 20, 30, 40, 50] },
    };

    [Theory]
    [MemberData(nameof(Files))]
    public void A_sample_is_the_frame_that_is_shown_at_its_time(string name, int[] expected)
    {
        var read = Read(name, new VideoSampling(TimeSpan.FromSeconds(1)));
        Assert.Equal(expected.Index().Select(it => ((double)it.Index, it.Item)), read.Samples);
        Assert.Equal(0, _frames.Outstanding);
    }

    [Fact]
    public void A_part_of_a_video_is_read_at_its_own_times()
    {
        var sampling = new VideoSampling(TimeSpan.FromMilliseconds(500)) { From = TimeSpan.FromSeconds(2.2), To = TimeSpan.FromSeconds(4.2) };
        Assert.Equal([(2.2, 22), (2.7, 27), (3.2, 32), (3.7, 37)], Read("plain.mkv", sampling).Samples);
        Assert.Equal([(2.2, 7), (2.7, 7), (3.2, 7), (3.7, 7)], Read("variable.mkv", sampling).Samples);
    }

    [Theory]
    [InlineData("long.mkv")]
    [InlineData("long.ts")]
    public void A_part_far_from_the_beginning_is_found_by_seeking(string name)
    {
        // Frame n of the long clip begins at n s, and every fifth second has a key frame.
        var sampling = new VideoSampling(TimeSpan.FromSeconds(2)) { From = TimeSpan.FromSeconds(63.5), To = TimeSpan.FromSeconds(70) };
        Assert.Equal([(63.5, 63), (65.5, 65), (67.5, 67), (69.5, 69)], Read(name, sampling).Samples);
    }

    [Fact]
    public void Frames_are_turned_as_the_file_asks_and_scaled_down()
    {
        Assert.Equal((48, 64), Read("turned.mp4", new VideoSampling(TimeSpan.FromSeconds(10))).Size);
        Assert.Equal((32, 24), Read("plain.mp4", new VideoSampling(TimeSpan.FromSeconds(10)) { MaxWidth = 32 }).Size);
    }

    [Fact]
    public void A_file_that_was_cut_off_gives_what_it_has_and_reports_it()
    {
        var samples = new List<VideoFrame>();
        var reader = Reader("cut.mkv", new VideoSampling(TimeSpan.FromSeconds(1)));
        var fault = Assert.Throws<VideoException>(() =>
        {
            foreach (var sample in reader.Read(CancellationToken.None))
            {
                samples.Add(sample);
                sample.Dispose();
            }
        });
        Assert.InRange(samples.Count, 2, 60);
        Assert.Matches("^could be read only up to about 00:0[01]:[0-9]{2} of 00:01:40: its end is missing or damaged", fault.Message);
        Assert.Equal(0, _frames.Outstanding);
    }

    [Theory]
    [InlineData("sound-only.m4a", "no video")]
    [InlineData("cut.mp4", "the file has no index")]
    [InlineData("random.mp4", "cannot be decoded")]
    public void A_file_without_pictures_is_refused_with_the_reason(string name, string reason)
    {
        var fault = Assert.Throws<VideoException>(() => Read(name, new VideoSampling(TimeSpan.FromSeconds(1))));
        Assert.Contains(reason, fault.Message, StringComparison.Ordinal);
        Assert.False(fault.IsDecoderMissing);
    }

    [Fact]
    public void A_time_after_the_end_is_refused() => Assert.Equal(
        "ends before 00:01:00, where it should be read from.",
        Assert.Throws<VideoException>(() => Read("plain.mp4", new VideoSampling(TimeSpan.FromSeconds(1)) { From = TimeSpan.FromMinutes(1) })).Message);

    [Theory]
    [InlineData("missing.mp4", "does not exist")]
    [InlineData(".", "is a folder")]
    [InlineData("picture.jpg", "is a JPEG picture")]
    [InlineData("several.jpg", "is a JPEG picture")]
    [InlineData("picture.png", "is a PNG picture")]
    [InlineData("animation.webp", "is an animated WebP picture, which most versions of ffmpeg cannot decode. Convert it first")]
    [InlineData("raw.mjpeg", null)]
    [InlineData("animation.png", null)]
    [InlineData("empty.mp4", "is empty")]
    [InlineData("text.txt", "is a text")]
    [InlineData("plain.mp4", null)]
    [InlineData("sound-only.m4a", null)]
    public void What_is_certainly_not_a_video_is_found_without_a_decoder(string name, string? problem)
    {
        var found = VideoFile.FindProblem(clips[name]);
        Assert.Equal(problem is null, found is null);
        Assert.StartsWith(problem ?? "", found ?? "", StringComparison.Ordinal);
    }

    [Fact]
    public void An_address_is_no_file() => Assert.StartsWith("is an address", VideoFile.FindProblem("rtsp://10.0.0.5/stream"), StringComparison.Ordinal);

    [Fact]
    public void A_missing_decoder_is_named_with_the_remedy()
    {
        var fault = Assert.Throws<VideoException>(() => VideoReader.RequireDecoder("/nothing/ffmpeg"));
        Assert.True(fault.IsDecoderMissing);
        Assert.Contains("apt-get install ffmpeg", fault.Message, StringComparison.Ordinal);
        VideoReader.RequireDecoder("ffmpeg");
    }

    [Fact]
    public void Reading_that_is_cancelled_leaves_no_frame_and_no_process()
    {
        using var cancel = new CancellationTokenSource();
        var reader = Reader("long.mkv", new VideoSampling(TimeSpan.FromMilliseconds(10)));
        var count = 0;
        Assert.Throws<OperationCanceledException>(() =>
        {
            foreach (var sample in reader.Read(cancel.Token))
            {
                sample.Dispose();
                if (++count == 3)
                {
                    cancel.Cancel();
                }
            }
        });
        Assert.Equal(3, count);
        Assert.Equal(0, _frames.Outstanding);
        Assert.Equal(0, CameraFiles.Processes(clips["long.mkv"]));
    }

    [Fact]
    public void The_length_is_known_where_the_file_names_it()
    {
        Assert.Equal(TimeSpan.FromSeconds(6), Read("plain.mkv", new VideoSampling(TimeSpan.FromSeconds(10))).Length);
        Assert.Equal(TimeSpan.FromSeconds(6), Read("later.mp4", new VideoSampling(TimeSpan.FromSeconds(10))).Length);
        Assert.Null(Read("raw.h264", new VideoSampling(TimeSpan.FromSeconds(10))).Length);
    }

    [Fact]
    public void A_file_without_times_is_known()
    {
        Assert.True(Reader("raw.mjpeg", new VideoSampling(TimeSpan.FromSeconds(1))).IsWithoutTimes);
        Assert.False(Reader("plain.mkv", new VideoSampling(TimeSpan.FromSeconds(1))).IsWithoutTimes);
        Assert.False(Reader("animation.png", new VideoSampling(TimeSpan.FromSeconds(1))).IsWithoutTimes);
    }

    private VideoReader Reader(string name, VideoSampling sampling) => new(clips[name], sampling, "ffmpeg", _frames);

    private (List<(double Time, int Number)> Samples, TimeSpan? Length, (int Width, int Height) Size) Read(string name, VideoSampling sampling)
    {
        var size = (0, 0);
        var reader = Reader(name, sampling);
        var samples = new List<(double, int)>();
        foreach (var sample in reader.Read(CancellationToken.None))
        {
            using (sample)
            {
                size = (sample.Frame.Width, sample.Frame.Height);
                samples.Add((sample.Time.TotalSeconds, Clips.NumberOf(sample.Frame)));
            }
        }

        return (samples, reader.Length, size);
    }

    /// <summary>Clips of ffmpeg, made once.</summary>
    public sealed class Clips : IDisposable
    {
        private readonly CameraFiles _files = new();

        public Clips()
        {
            // Lossless, so that the brightness stays exact; limited range, 219 steps from 16.
            string[] lossless = ["-c:v", "libx264", "-preset", "ultrafast", "-qp", "0", "-pix_fmt", "yuv420p"];
            Make("plain.mkv", ["-f", "lavfi", "-i", Source(seconds: 6, rate: 10, step: 3), .. lossless, "-bf", "0"]);
            Make("long.mkv", ["-f", "lavfi", "-i", Source(seconds: 100, rate: 1, step: 2), .. lossless, "-g", "5"]);
            foreach (var name in (string[])["plain.mp4", "plain.ts", "a 'b' <c>&:d.mp4"])
            {
                Make(name, ["-i", this["plain.mkv"], "-c", "copy"]);
            }

            Make("long.ts", ["-i", this["long.mkv"], "-c", "copy"]);
            Make("later.mp4", ["-itsoffset", "5", "-i", this["plain.mkv"], "-c", "copy"]);
            Make("later.ts", ["-i", this["plain.mkv"], "-output_ts_offset", "1000", "-c", "copy"]);
            Make("variable.mkv", ["-i", this["plain.mkv"], "-vf", "select='lt(n,8)+gte(n,50)'", "-vsync", "vfr", .. lossless]);
            Make("uneven.mkv", ["-i", this["plain.mkv"], "-vf", "select='not(mod(n,7))'", "-vsync", "vfr", .. lossless]);
            Make("one.mkv", ["-i", this["plain.mkv"], "-frames:v", "1", .. lossless]);
            Make("tenbit.mkv", ["-i", this["plain.mkv"], "-c:v", "ffv1", "-pix_fmt", "yuv420p10le", "-color_trc", "smpte2084", "-colorspace", "bt2020nc"]);
            Make("sound.mkv", ["-i", this["plain.mkv"], "-f", "lavfi", "-i", "sine=duration=9", "-c:v", "copy", "-c:a", "pcm_s16le"]);
            Make("sound-only.m4a", ["-f", "lavfi", "-i", "sine=duration=1"]);
            Make("turned.mp4", ["-i", this["plain.mp4"], "-c", "copy", "-metadata:s:v:0", "rotate=90"]);
            Make("raw.h264", ["-i", this["plain.mkv"], "-c", "copy", "-bsf:v", "h264_mp4toannexb"]);
            Make("picture.jpg", ["-i", this["plain.mkv"], "-frames:v", "1"]);
            Make("picture.png", ["-i", this["plain.mkv"], "-frames:v", "1"]);
            MakeWithFirstBytesOfAPicture();
            var whole = File.ReadAllBytes(this["long.mkv"]);
            File.WriteAllBytes(this["cut.mkv"], whole[..(whole.Length / 3)]);
            var mp4 = File.ReadAllBytes(this["plain.mp4"]);
            File.WriteAllBytes(this["cut.mp4"], mp4[..(mp4.Length / 2)]);
            var random = new byte[10_000];
            new Random(1).NextBytes(random);
            File.WriteAllBytes(this["random.mp4"], random);
            File.WriteAllBytes(this["empty.mp4"], []);
            File.WriteAllText(this["text.txt"], "Not a video.\n");
        }

        public string this[string name] => _files[name];

        /// <summary>The number that a frame's brightness stands for.</summary>
        public static int NumberOf(Frame frame)
        {
            // RGB of limited range: 255/219 for each step of the luminance; the clips of 100 frames have steps of 2.
            var luminance = frame.Pixels[frame.ByteCount / 2] * 219.0 / 255;
            return (int)Math.Round(luminance / (frame.Width == 80 ? 2 : 3));
        }

        public void Dispose() => _files.Dispose();

        private void MakeWithFirstBytesOfAPicture()
        {
            Make("raw.mjpeg", ["-i", this["plain.mkv"], "-c:v", "mjpeg", "-pix_fmt", "yuvj444p", "-q:v", "1"]);
            Make("animation.png", ["-i", this["plain.mkv"], "-f", "apng", "-plays", "0"]);
            Make("animation.gif", ["-i", this["plain.mkv"], "-pix_fmt", "gray"]);
            File.Copy(this["raw.mjpeg"], this["misnamed.jpg"]);
            byte[][] pictures = [.. Pictures(File.ReadAllBytes(this["raw.mjpeg"]))];
            File.WriteAllBytes(this["padded.mjpeg"], [.. pictures.SelectMany(picture => (byte[])[.. picture, .. new byte[8]])]);

            // As of a phone: the segment after the first marker names the second picture.
            File.WriteAllBytes(this["several.jpg"], [0xFF, 0xD8, 0xFF, 0xE2, 0, 8, .. "MPF\0II"u8, .. pictures[0][2..], .. pictures[1]]);
            File.WriteAllBytes(this["animation.webp"], [.. "RIFF\u0040\0\0\0WEBPVP8X\n\0\0\0"u8, 0x02, .. new byte[60]]);
        }

        /// <summary>Pictures that follow each other without anything between them; none has a start marker inside.</summary>
        private static IEnumerable<byte[]> Pictures(byte[] file)
        {
            for (var begin = 0; begin < file.Length;)
            {
                var next = file.AsSpan(begin + 2).IndexOf<byte>([0xFF, 0xD8, 0xFF]);
                var end = next < 0 ? file.Length : begin + 2 + next;
                yield return file[begin..end];
                begin = end;
            }
        }

        private static string Source(int seconds, int rate, int step) => string.Create(
            CultureInfo.InvariantCulture,
            $"color=black:size={(step == 2 ? "80x60" : "64x48")}:rate={rate}:duration={seconds},format=yuv420p,geq=lum='16+{step}*N':cb=128:cr=128");

        private void Make(string name, string[] arguments) => CameraFiles.Ffmpeg([.. arguments, _files[name]]);
    }
}
