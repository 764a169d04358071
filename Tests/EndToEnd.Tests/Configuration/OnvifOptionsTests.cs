using MobileVlm.Edge.Deploy.Configuration;

namespace MobileVlm.Edge.EndToEnd.Tests.Configuration;

/// <summary>Cameras whose stream is found through ONVIF.</summary>
public sealed class OnvifOptionsTests : IDisposable
{
    private const string Camera = "MobileVlm:Cameras:gate:";

    private readonly ConfigurationFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public void A_user_in_the_source_and_a_password_in_a_file_are_used()
    {
        _fixture.Write(_fixture.Current, "password", "secret1");
        var camera = Assert.Single(Read("onvif://admin@10.0.0.5", "\"PasswordFile\": \"password\"").ToCameraSettings());
        Assert.Equal(("onvif://admin@10.0.0.5", Path.Combine(_fixture.Current, "password")), (camera.Source, camera.PasswordFile));
        Assert.Equal(336, camera.NeededHeight);
        Assert.Null(Assert.Single(Read("onvif://10.0.0.5?profile=main").ToCameraSettings()).PasswordFile);
        Assert.Null(Assert.Single(Read("onvif://admin:secret1@10.0.0.5").ToCameraSettings()).PasswordFile);
    }

    [Fact]
    public void A_credential_of_systemd_is_found()
    {
        _fixture.Environment["CREDENTIALS_DIRECTORY"] = _fixture.Current;
        var file = _fixture.Write(_fixture.Current, "gate", "secret1");
        var camera = Assert.Single(Read("onvif://admin@10.0.0.5", "\"PasswordFile\": \"credential:gate\"").ToCameraSettings());
        Assert.Equal(file, camera.PasswordFile);
    }

    [Theory]
    [InlineData("onvif://admin@10.0.0.5", "", "PasswordFile", "the user 'admin'")]
    [InlineData("onvif://admin@10.0.0.5", "none", "PasswordFile", "names a file")]
    [InlineData("onvif://admin:secret1@10.0.0.5", "password", "PasswordFile", "exclude each other")]
    [InlineData("onvif://10.0.0.5", "password", "PasswordFile", "needs a user in Source")]
    [InlineData("rtsp://10.0.0.5/stream", "password", "PasswordFile", "onvif:// source only")]
    [InlineData("onvif:10.0.0.5", "", "Source", "without '//'")]
    [InlineData("onvif://admin@10.0.0.5?stream=1", "", "Source", "'profile=TOKEN' would be accepted")]
    public void Settings_that_contradict_each_other_are_refused(string source, string file, string key, string expected)
    {
        _fixture.Write(_fixture.Current, "password", "secret1");
        var error = _fixture.Error(Json(source, file.Length == 0 ? "" : $"\"PasswordFile\": \"{file}\""));
        Assert.Equal(Camera + key, error.Key);
        Assert.Contains(expected, error.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("secret1", error.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("0,0 1,0 1,1 0,1", 336)]
    [InlineData("0,0 0.5,0 0.5,0.5 0,0.5", 672)]
    [InlineData("0,0.9 1,0.9 1,1 0,1", 336)]
    [InlineData("0.4,0.4 0.5,0.4 0.5,0.6 0.4,0.6", 1680)]
    public void A_small_region_needs_a_large_frame(string region, int height)
    {
        var json = ConfigurationFixture.Small(question: $", \"Region\": \"{region}\"");
        Assert.InRange(Assert.Single(_fixture.Read(json).ToCameraSettings()).NeededHeight, height, height + 1);
    }

    private EdgeConfiguration Read(string source, string more = "") => _fixture.Read(Json(source, more));

    private static string Json(string source, string more) => ConfigurationFixture.Small(camera: more.Length == 0 ? "" : $", {more}")
        .Replace("\"Source\": \"pattern:\"", $"\"Source\": \"{source}\"", StringComparison.Ordinal);
}
