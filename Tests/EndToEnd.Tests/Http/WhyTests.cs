using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using MobileVlm.Edge.Connectors.Frames;
using MobileVlm.Edge.Connectors.Images;
using Xunit.Abstractions;

namespace MobileVlm.Edge.EndToEnd.Tests.Http;

/// <summary>Which part of a picture carries an answer, with the demo's model on scenes of its clip with one person.</summary>
public sealed class WhyTests(ITestOutputHelper output) : IDisposable
{
    /// <summary>A moment of the clip with the same yard and nobody in it.</summary>
    private const double Empty = 51;

    /// <summary>Where the person walks from the left to the right.</summary>
    private static readonly double[] Moments = [54, 55, 56, 57, 58, 59, 60, 61, 62, 63];

    /// <summary>Scenes in which the strongest part must show the person. By chance it would be two or three.</summary>
    private const int Enough = 8;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task The_strongest_part_shows_the_person()
    {
        using var empty = await PictureAsync(Empty);
        var boxes = new List<Box>();
        foreach (var moment in Moments)
        {
            using var picture = await PictureAsync(moment);
            boxes.Add(Box.Of(picture, empty));
        }

        await using var service = EdgeProcess.Start("run", "--config", Write());
        using var client = new HttpClient { BaseAddress = await service.ReadyAsync() };
        var hits = 0;
        foreach (var (scene, box) in boxes.Index())
        {
            var why = await ExplainAsync(client, Name(Moments[scene]));
            Assert.True(why.GetProperty("score").GetDouble() > 0.9, "the model sees the person");
            Assert.Equal(17, why.GetProperty("passes").GetInt32());
            var part = StrongestOf(why);
            var isHit = part.Overlaps(box);
            hits += isHit ? 1 : 0;
            output.WriteLine(FormattableString.Invariant($"{Moments[scene]} s: person {box}, strongest part {part}, {(isHit ? "shows the person" : "elsewhere")}"));
        }

        output.WriteLine(FormattableString.Invariant($"The strongest part shows the person in {hits} of {Moments.Length} scenes."));
        Assert.InRange(hits, Enough, Moments.Length);
        service.Terminate();
        Assert.Equal(0, await service.ExitAsync());
    }

    private static string Name(double moment) => string.Create(CultureInfo.InvariantCulture, $"at{moment}");

    private static async Task<JsonElement> ExplainAsync(HttpClient client, string camera)
    {
        string? id = null;
        await Eventually.TrueAsync(
            async () =>
            {
                using var started = await client.PostAsJsonAsync(new Uri("api/v1/why", UriKind.Relative), new { camera, question = "person", grid = 4 });
                if (started.StatusCode == HttpStatusCode.ServiceUnavailable)
                {
                    return false;
                }

                started.EnsureSuccessStatusCode();
                id = (await started.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetString();
                return true;
            },
            "the camera has delivered its picture");
        JsonElement why = default;
        await Eventually.TrueAsync(
            async () => (why = await client.GetFromJsonAsync<JsonElement>(new Uri($"api/v1/why/{id}", UriKind.Relative))).GetProperty("state").GetString() != "running",
            "the explanation ends");
        Assert.Equal("done", why.GetProperty("state").GetString());
        return why;
    }

    private static Box StrongestOf(JsonElement why)
    {
        var grid = why.GetProperty("grid").EnumerateArray().Select(row => row.EnumerateArray().ToList()).ToList();
        var area = why.GetProperty("area");
        var (left, top) = (area.GetProperty("left").GetDouble(), area.GetProperty("top").GetDouble());
        var (width, height) = (area.GetProperty("width").GetDouble() / grid.Count, area.GetProperty("height").GetDouble() / grid.Count);
        var (row, column) = (
            from y in Enumerable.Range(0, grid.Count)
            from x in Enumerable.Range(0, grid.Count)
            where grid[y][x].ValueKind == JsonValueKind.Number
            orderby grid[y][x].GetDouble() descending
            select (y, x)).First();
        return new Box(left + (column * width), top + (row * height), left + ((column + 1) * width), top + ((row + 1) * height));
    }

    /// <summary>A picture of the clip, in a folder of its own that a camera plays.</summary>
    private async Task<Frame> PictureAsync(double moment)
    {
        var folder = Directory.CreateDirectory(Path.Combine(_folder.Path, Name(moment))).FullName;
        var file = Path.Combine(folder, "scene.png");
        using var ffmpeg = Process.Start("ffmpeg", ["-v", "error", "-ss", moment.ToString(CultureInfo.InvariantCulture), "-i", DemoModel.Clip, "-frames:v", "1", file]);
        await ffmpeg.WaitForExitAsync();
        return UploadedPicture.ToFrame(await File.ReadAllBytesAsync(file), new FramePool(), new CameraId("scene"), new FrameSequence(1), TimeProvider.System);
    }

    private string Write()
    {
        var cameras = new JsonObject();
        foreach (var moment in Moments)
        {
            cameras[Name(moment)] = new JsonObject
            {
                ["Source"] = Path.Combine(_folder.Path, Name(moment)),
                ["Questions"] = new JsonObject { ["person"] = new JsonObject { ["Ask"] = "Is there a person?", ["Answer"] = "YesNo", ["Every"] = "01:00:00" } },
            };
        }

        var file = Path.Combine(_folder.Path, "appsettings.json");
        File.WriteAllText(file, new JsonObject
        {
            ["MobileVlm"] = new JsonObject
            {
                ["Node"] = "t",
                ["Model"] = new JsonObject { ["Path"] = DemoModel.Folder.FolderPath },
                ["Http"] = new JsonObject { ["Listen"] = "127.0.0.1:0" },
                ["Cameras"] = cameras,
            },
        }.ToJsonString());
        return file;
    }

    /// <summary>A rectangle in parts of the picture.</summary>
    private sealed record Box(double Left, double Top, double Right, double Bottom)
    {
        /// <summary>The sum of the differences of the channels from which a pixel counts as changed.</summary>
        private const int Changed = 60;

        /// <summary>The box of what differs between two pictures.</summary>
        public static Box Of(Frame picture, Frame empty)
        {
            var (columns, rows) = (new List<int>(), new List<int>());
            for (var i = 0; i < picture.Width * picture.Height; i++)
            {
                var difference = 0;
                for (var channel = 0; channel < 3; channel++)
                {
                    difference += Math.Abs(picture.Pixels[(3 * i) + channel] - empty.Pixels[(3 * i) + channel]);
                }

                if (difference > Changed)
                {
                    columns.Add(i % picture.Width);
                    rows.Add(i / picture.Width);
                }
            }

            Assert.True(columns.Count > 1000, "the person is found");
            columns.Sort();
            rows.Sort();

            // Single pixels of the video's noise do not count.
            var (low, high) = (columns.Count / 100, columns.Count * 99 / 100);
            return new Box(
                columns[low] / (double)picture.Width, rows[low] / (double)picture.Height, columns[high] / (double)picture.Width, rows[high] / (double)picture.Height);
        }

        public bool Overlaps(Box other) => Left < other.Right && other.Left < Right && Top < other.Bottom && other.Top < Bottom;

        public override string ToString() => FormattableString.Invariant($"x {Left:0.00}..{Right:0.00} y {Top:0.00}..{Bottom:0.00}");
    }
}
