using System.Net;
using System.Text;
using System.Text.Json;
using MobileVlm.Edge.Connectors.Cameras.Feeds.Onvif;
using MobileVlm.Edge.Connectors.Frames;
using MobileVlm.Edge.Connectors.Hub;
using MobileVlm.Edge.Connectors.Images;
using MobileVlm.Edge.Connectors.Mqtt.AdHoc;
using MobileVlm.Edge.Connectors.Mqtt.Client;
using MobileVlm.Edge.Connectors.Mqtt.HomeAssistant;
using MobileVlm.Edge.Connectors.Mqtt.Payloads;
using MobileVlm.Edge.Connectors.Mqtt.Topics;
using MobileVlm.Edge.Connectors.Tests.Images;
using MobileVlm.Edge.Tests.Shared;
using Xunit.Abstractions;

namespace MobileVlm.Edge.Connectors.Tests;

/// <summary>Untrusted input is read or refused with an error of this program: no other exception, no hang, no unbounded
/// memory. MOBILEVLM_FUZZ multiplies the inputs of each fuzz run.</summary>
public sealed class HostileInputTests(ITestOutputHelper output)
{
    /// <summary>Most that reading one message of some hundred bytes may allocate.</summary>
    private const long MostMemory = 2 << 20;

    private static readonly string[] MetadataChunks = ["eXIf", "tEXt", "zTXt", "iTXt"];

    private static readonly string[] Asks =
    [
        "Is there a person?",
        """{"question": "Is there a person?"}""",
        """{"id": "7", "question": "Colour?", "answer": "choice", "choices": ["red", "blue"], "maxTokens": 5, "deadlineMs": 1500, "replyTo": "replies/x"}""",
        """{"question": "What is it?", "camera": "gate", "answer": "YesNo", "picture": "aGVsbG8gd29ybGQ="}""",
    ];

    [Fact]
    public void A_question_is_understood_or_its_error_is_reported()
    {
        var (reader, limits) = (new AskParser(new AskLimits()), new AskLimits());
        var understood = 0;
        Fuzz(20_000, Asks, payload =>
        {
            var reading = reader.Read(new InboundMessage("t", payload, false), "gate");
            Assert.True(reading.Request is null != reading.Fault is null);
            if (reading.Request is { } request)
            {
                understood++;
                Assert.InRange(request.Question.Trim().Length, 1, payload.Length);
                Assert.InRange(request.MaxTokens, 1, limits.MaxTokens);
                Assert.InRange(request.Deadline, TimeSpan.FromMilliseconds(1), TimeSpan.FromMinutes(10));
            }
            else
            {
                Assert.NotEmpty(reading.Fault!.Message);
            }

            Assert.InRange(reading.Id?.Length ?? 0, 0, AskParser.MaxIdLength);
        });
        Assert.True(understood > 100, $"Only {understood} were understood: the damage is too great for this test to show anything.");
    }

    [Fact]
    public void No_topic_makes_an_answer_go_where_it_must_not()
    {
        var own = new NodeTopics("mobilevlm", "edge-1");
        var replies = new ReplyTopics(["mobilevlm/edge-1/reply/", "replies/"], own);
        var allowed = 0;
        Fuzz(20_000, ["replies/me/1", "mobilevlm/edge-1/gate/person/state", "mobilevlm/edge-1/ask", "replies/é/🚪", "homeassistant/device/x/config"], bytes =>
        {
            var topic = Encoding.UTF8.GetString(bytes);
            if (replies.Fault(topic) is { } fault)
            {
                Assert.NotEmpty(fault);
                return;
            }

            allowed++;
            Assert.StartsWith("replies/", topic, StringComparison.Ordinal);
            Assert.True(Encoding.UTF8.GetByteCount(topic) <= ReplyTopics.MaxBytes);
            Assert.DoesNotContain(topic, c => c is '+' or '#' || char.IsControl(c));
        });
        Assert.True(allowed > 100, $"{allowed}");
    }

    [Fact]
    public void A_command_topic_yields_the_names_in_it_or_no_command()
    {
        var own = new NodeTopics("mobilevlm", "edge-1");
        Fuzz(20_000, ["mobilevlm/edge-1/gate/person/enabled/set", "mobilevlm/edge-1/gate/ask", "mobilevlm/edge-1/ask"], bytes =>
        {
            var topic = Encoding.UTF8.GetString(bytes);
            if (own.ReadCommand(topic) is { } command)
            {
                Assert.Contains(command.Camera ?? "", topic, StringComparison.Ordinal);
                Assert.Contains(command.Question ?? "", topic, StringComparison.Ordinal);
            }
        });
    }

    [Fact]
    public void What_a_broker_kept_of_a_device_is_understood_or_passed_over()
    {
        var topics = new NodeTopics("mobilevlm", "edge-1");
        var device = new DeviceMessage(topics);
        AnnouncedCamera Camera(params string[] questions) => new(
            new AnnouncedService("edge-1", "model"), "gate", true, [.. questions.Select(id => new AnnouncedQuestion(id, AnswerType.YesNo))]);
        var removals = 0;
        Fuzz(5_000, [device.Device(Camera("person")), device.Device(Camera("person", "parcel"))], before =>
        {
            if (device.Removal(Camera("person"), before) is { } removal)
            {
                removals++;
                JsonDocument.Parse(removal).Dispose();
            }
        });
        Assert.True(removals > 100, $"{removals}");
    }

    [Fact]
    public void A_sent_picture_is_a_frame_or_refused()
    {
        var pixels = new byte[40 * 30 * 3];
        new Random(2).NextBytes(pixels);
        var jpeg = ImageCodec.EncodeJpeg(pixels, 40, 30);
        byte[] marked = PictureFiles.Png(40, 30, pixels, PictureFiles.Chunk("eXIf", PictureFiles.Exif(6)));
        var pool = new FramePool();

        // Once as a picture that is small enough to be decoded at once, once in strips of three rows.
        var strips = UploadedPicture.Limits with { MaxWidth = 17, MaxDecoderBytes = 40 * 4 * 3 * 4 };
        Fuzz(5_000, [jpeg, PictureFiles.ProgressiveJpeg, Bitmap(pixels, 40, 30), Png, marked, Gif], file =>
        {
            try
            {
                using var frame = UploadedPicture.ToFrame(file, pool, new CameraId("picture"), new FrameSequence(1), TimeProvider.System);
                Assert.InRange(frame.Width, 1, UploadedPicture.MaxSide);
                Assert.InRange(frame.Height, 1, UploadedPicture.MaxSide);
                Assert.InRange(ImageCodec.Decode(file, "in strips", strips).Width, 1, 17);
            }
            catch (ImageFileException fault)
            {
                Assert.NotEmpty(fault.Message);
            }
        }, most: 256 << 20);
        Assert.Equal(0, pool.Outstanding);
    }

    [Fact]
    public void Exif_is_an_orientation_or_nothing()
    {
        Fuzz(5_000, [PictureFiles.Exif(6), PictureFiles.RawProfile(PictureFiles.Exif(3))], block =>
        {
            Assert.InRange((int?)ExifOrientation.Read(block) ?? 1, 1, 8);
            foreach (var type in MetadataChunks)
            {
                byte[] data = type == "eXIf" ? block : [.. "Raw profile type exif\0"u8, .. block];
                Assert.InRange((int?)PngExif.Orientation(PictureFiles.Png(1, 1, [1, 2, 3], PictureFiles.Chunk(type, data))) ?? 1, 1, 8);
            }
        });
    }

    [Fact]
    public void What_cameras_answer_is_read_or_left_out()
    {
        const string Match = """
            <s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body><d:ProbeMatches xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery">
            <d:ProbeMatch><d:Types>dn:NetworkVideoTransmitter</d:Types><d:Scopes>onvif://www.onvif.org/name/Yard%20door</d:Scopes>
            <d:XAddrs>http://10.0.0.2:8080/onvif/device_service http://[fe80::1]/x</d:XAddrs></d:ProbeMatch></d:ProbeMatches></s:Body></s:Envelope>
            """;
        const string Profiles = """
            <?xml version="1.0"?><e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"><e:Body><GetProfilesResponse><Profiles token="a&amp;b">
            <VideoSourceConfiguration><SourceToken>1</SourceToken></VideoSourceConfiguration><VideoEncoderConfiguration><Encoding>H264</Encoding>
            <Resolution><Width>640</Width><Height>480</Height></Resolution><RateControl><FrameRateLimit>25</FrameRateLimit></RateControl>
            </VideoEncoderConfiguration></Profiles></GetProfilesResponse></e:Body></e:Envelope>
            """;
        var found = 0;
        Fuzz(10_000, [Match, Profiles], answer =>
        {
            foreach (var device in OnvifDiscovery.Read(answer, IPAddress.Parse("10.0.0.9")))
            {
                found++;
                Assert.Equal("10.0.0.9", device.Device.Host);
                Assert.InRange(device.Name.Length, 1, 100);
                Assert.DoesNotContain(device.Name, char.IsControl);
            }

            if (SoapMessage.Read(answer) is { } message)
            {
                Assert.All(OnvifClient.ReadProfiles(message), profile => Assert.InRange(profile.Height ?? 0, 0, 100_000));
            }
        });
        Assert.True(found > 500, $"{found}");
    }

    [Fact]
    public void A_file_that_is_not_a_picture_gets_a_message_of_one_line()
    {
        byte[][] files =
        [
            "<!DOCTYPE html><html><title>Error</title>"u8.ToArray(), "{\"error\": 401}"u8.ToArray(), PictureFiles.Heic,
            [.. "II*\0"u8, 8, 0, 0, 0, 1, 0, 0x12, 0xC6, 1, 0, 4, 0, 0, 0, 1, 4, 0, 0, 0, 0, 0, 0],
            [0, 0, 9, 2, 0xFF, 0x80, 0xFF, 0x80],
        ];
        Fuzz(20_000, files, file =>
        {
            if (FileKind.OfPicture(file) is null)
            {
                var sentence = FileKind.Refuse(file);
                Assert.InRange(sentence.Length, 10, 400);
                Assert.DoesNotContain(sentence, char.IsControl);
            }
        });
    }

    [Fact]
    public void The_list_of_a_repository_is_read_or_refused()
    {
        const string List = """
            {"sha": "0123456789abcdef0123456789abcdef01234567", "siblings": [
              {"rfilename": "config.json", "size": 700}, {"rfilename": "a/b.bin", "size": 5, "blobId": "0123456789abcdef0123456789abcdef01234567"},
              {"rfilename": "model.safetensors", "lfs": {"sha256": "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", "size": 9}}]}
            """;
        Fuzz(10_000, [List], text =>
        {
            try
            {
                using var document = JsonDocument.Parse(text);
                var listing = HubListingReader.Read("a/b", document.RootElement);
                Assert.All(listing.Files, file => Assert.False(Path.IsPathRooted(file.Name) || file.Name.Split('/').Contains("..")));
                Assert.All(listing.Files, file => Assert.True(file.Size >= 0));
            }
            catch (Exception fault) when (fault is HubException or JsonException or InvalidOperationException)
            {
                // The last two are what HubClient makes a refusal of.
                Assert.NotEmpty(fault.Message);
            }
        });
    }

    private void Fuzz(int runs, string[] good, Action<byte[]> read) => Fuzz(runs, [.. good.Select(Encoding.UTF8.GetBytes)], read);

    private void Fuzz(int runs, byte[][] good, Action<byte[]> read, long most = MostMemory)
    {
        var damage = new Damage(20240301);
        foreach (var whole in good)
        {
            read(whole);
        }

        for (var run = 0; run < runs * Damage.Longer; run++)
        {
            var input = damage.Of(good);
            var before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                read(input);
            }
            catch (Exception fault)
            {
                throw new InvalidOperationException($"Input {run}, {Convert.ToBase64String(input)}: {fault.Message}", fault);
            }

            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, most);
        }

        output.WriteLine($"{runs * Damage.Longer} inputs");
    }

    private static byte[] Bitmap(byte[] pixels, int width, int height)
    {
        var file = new MemoryStream();
        using var writer = new BinaryWriter(file);
        writer.Write("BM"u8);
        writer.Write(54 + pixels.Length);
        writer.Write(0);
        writer.Write(54);
        writer.Write(40);
        writer.Write(width);
        writer.Write(height);
        writer.Write((short)1);
        writer.Write((short)24);
        writer.Write(new byte[24]);
        writer.Write(pixels);
        writer.Flush();
        return file.ToArray();
    }

    /// <summary>2x2 pixels.</summary>
    private static readonly byte[] Gif = Convert.FromBase64String("R0lGODlhAgACAPAAAAAAAP///yH5BAAAAAAALAAAAAACAAIAAAIDTAQFADs=");

    private static readonly byte[] Png = Convert.FromBase64String(
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==");
}
