using System.Globalization;
using System.Text.Json;

namespace MobileVlm.Edge.EndToEnd.Tests.Commands;

/// <summary><c>mobilevlm cameras</c> with a camera on the loopback. Tests/Onvif/run.sh tests cameras in a real network.</summary>
public sealed class CamerasCommandTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("mobilevlm-onvif-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Streams_are_listed_as_json_and_as_a_table()
    {
        using var camera = await OnvifTestCamera.StartAsync();
        await File.WriteAllTextAsync(Path.Combine(_folder, "password"), OnvifTestCamera.Password);
        var host = string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{camera.Port}");
        string[] arguments =
        [
            "cameras", "--timeout", "0.5", "--user", "admin", "--password-file", Path.Combine(_folder, "password"),
            "--address", host, "--address", camera.Source("basic", user: ""),
        ];
        var listed = await EdgeProcess.RunAsync([.. arguments, "--json"]);
        Assert.Equal(0, listed.ExitCode);
        using var document = JsonDocument.Parse(listed.Output);
        var own = document.RootElement.EnumerateArray().Where(it => it.GetProperty("address").GetString()!.Contains(host, StringComparison.Ordinal)).ToList();
        Assert.Equal(
            $$"""{"name":"127.0.0.1","address":"onvif://{{host}}","profiles":[{"token":"Profile_Main","encoding":"H264","width":640,"height":480,"fps":10},{"token":"Profile_Sub","encoding":"H264","width":320,"height":240,"fps":5}]}""",
            JsonSerializer.Serialize(own[0]));
        Assert.Equal(["name", "address", "profiles", "error"], own[1].EnumerateObject().Select(it => it.Name));
        Assert.Contains("refuses user 'admin'", own[1].GetProperty("error").GetString(), StringComparison.Ordinal);
        Assert.Contains("refuses user 'admin'", listed.Errors, StringComparison.Ordinal);

        var table = await EdgeProcess.RunAsync(arguments);
        Assert.Matches($@"127\.0\.0\.1 +onvif://{host} +\* Profile_Main +H264 +640x480 +10", table.Output);
        Assert.Matches(@"\n +Profile_Sub +H264 +320x240 +5", table.Output);
        Assert.Contains($"\"Source\": \"onvif://admin@{host}\"", table.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain(OnvifTestCamera.Password, listed.Errors + listed.Output + table.Errors + table.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nothing_found_is_an_empty_list_with_advice()
    {
        var nothing = await EdgeProcess.RunAsync("cameras", "--timeout", "0.5", "--json");
        if (nothing.Output.Trim() == "[]")
        {
            Assert.Contains("a firewall here", nothing.Errors, StringComparison.Ordinal);
            Assert.Contains("--address HOST", nothing.Errors, StringComparison.Ordinal);
        }

        // There may be cameras in the network in which the tests run.
        Assert.Contains("Searching for cameras for 0.5 s", nothing.Errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--user needs --password-file", "--user", "admin")]
    [InlineData("--password-file needs --user", "--password-file", "x")]
    [InlineData("--password-file: '/none' does not exist", "--user", "admin", "--password-file", "/none")]
    [InlineData("--timeout is 0.5 to 60", "--timeout", "0")]
    [InlineData("is not an address", "--address", "a b")]
    public async Task A_wrong_argument_is_refused(string expected, params string[] arguments)
    {
        var refused = await EdgeProcess.RunAsync(["cameras", .. arguments]);
        Assert.Equal(2, refused.ExitCode);
        Assert.Contains(expected, refused.Errors, StringComparison.Ordinal);
    }
}
