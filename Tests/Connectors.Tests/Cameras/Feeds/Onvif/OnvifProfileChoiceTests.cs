using MobileVlm.Edge.Connectors.Cameras;
using MobileVlm.Edge.Connectors.Cameras.Feeds.Onvif;

namespace MobileVlm.Edge.Connectors.Tests.Cameras.Feeds.Onvif;

/// <summary>Which address is understood, and which stream is taken.</summary>
public sealed class OnvifProfileChoiceTests
{
    [Theory]
    [InlineData("onvif://10.0.0.5", "http://10.0.0.5/onvif/device_service", null, null, null)]
    [InlineData("ONVIF://admin@10.0.0.5:8080/", "http://10.0.0.5:8080/onvif/device_service", "admin", null, null)]
    [InlineData("onvif://admin:p%40ss@cam.lan/onvif/Device?profile=Profile%201", "http://cam.lan/onvif/Device", "admin", "p@ss", "Profile 1")]
    [InlineData("onvif://admin:a@b:c@10.0.0.5", "http://10.0.0.5/onvif/device_service", "admin", "a@b:c", null)]
    [InlineData("onvif://[fe80::1]:81?profile=x", "http://[fe80::1]:81/onvif/device_service", null, null, "x")]
    public void An_address_is_understood(string source, string device, string? user, string? password, string? profile) =>
        Assert.Equal(new OnvifAddress(new Uri(device), user, password, profile), OnvifAddress.Parse(source));

    [Theory]
    [InlineData("onvif://")]
    [InlineData("onvif://admin:secret1@")]
    [InlineData("onvif://10.0.0.5:0")]
    [InlineData("onvif://10.0.0.5:99999")]
    [InlineData("onvif://10.0.0.5?token=x")]
    [InlineData("onvif://10.0.0.5?profile=")]
    [InlineData("onvif://admin:secret1@10.0.0.5 /x")]
    public void What_is_not_well_formed_is_refused_without_its_password(string source)
    {
        var fault = CameraSources.FindFault(source);
        Assert.Contains("would be accepted", fault, StringComparison.Ordinal);
        Assert.DoesNotContain("secret1", fault, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_listed_can_be_read_again()
    {
        Assert.Equal("onvif://10.0.0.5", OnvifAddress.Format(new Uri("http://10.0.0.5/onvif/device_service")));
        var formatted = OnvifAddress.Format(new Uri("http://10.0.0.5:8080/onvif/other"), "Profil für Tür");
        Assert.Equal(
            new OnvifAddress(new Uri("http://10.0.0.5:8080/onvif/other"), null, null, "Profil für Tür"), OnvifAddress.Parse(formatted));
    }

    [Theory]
    [InlineData("main H264 1920x1080, sub H264 640x360, tiny H264 320x240", 336, "sub")]
    [InlineData("main H264 1920x1080, sub H264 640x360, tiny H264 320x240", 361, "main")]
    [InlineData("main H264 1920x1080, sub H264 320x240", 2000, "main")]
    [InlineData("a H265 640x480, b H264 1920x1080, c JPEG 640x360", 336, "b")]
    [InlineData("a JPEG 640x480, b H265 1920x1080, c H265 640x480", 336, "c")]
    [InlineData("a MPEG4 640x480, b JPEG 640x480", 336, "b")]
    [InlineData("a H265 320x240, b H264 320x240", 336, "b")]
    [InlineData("audio - -, b H264 640x480", 336, "b")]
    [InlineData("a H264 640x480 1, b H264 640x360 2", 336, "a")]
    [InlineData("a H264 ?, b H264 640x480", 336, "b")]
    public void The_smallest_stream_that_shows_enough_is_taken(string offered, int needed, string expected) =>
        Assert.Equal(expected, OnvifProfileChoice.Choose(Profiles(offered), needed).Token);

    [Fact]
    public void The_operators_choice_wins_and_a_wrong_one_lists_the_others()
    {
        var profiles = Profiles("main H264 1920x1080, sub H264 320x240 2");
        Assert.Equal("sub", OnvifProfileChoice.Choose(profiles, 336, "sub").Token);
        var fault = Assert.Throws<OnvifException>(() => OnvifProfileChoice.Choose(profiles, 336, "sbu"));
        Assert.Contains("'main', 'sub'", fault.Message, StringComparison.Ordinal);
    }

    /// <summary>Token, encoding, size and video source.</summary>
    private static List<OnvifProfile> Profiles(string text) => [.. text.Split(", ").Select(it =>
    {
        var parts = it.Split(' ');
        var size = parts[2].Split('x');
        int? Side(int at) => size.Length == 2 ? int.Parse(size[at], System.Globalization.CultureInfo.InvariantCulture) : null;
        return new OnvifProfile(parts[0], parts[1] == "-" ? null : parts[1], Side(0), Side(1), 10, parts.Length > 3 ? parts[3] : "1");
    })];
}
