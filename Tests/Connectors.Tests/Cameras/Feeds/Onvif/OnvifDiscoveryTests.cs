using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using MobileVlm.Edge.Connectors.Cameras.Feeds.Onvif;
using MobileVlm.Edge.Tests.Shared;

namespace MobileVlm.Edge.Connectors.Tests.Cameras.Feeds.Onvif;

/// <summary>Finding cameras by multicast.</summary>
public sealed class OnvifDiscoveryTests
{
    /// <summary>As ipycam 1.3.0 sent it to another client.</summary>
    private const string Recorded = """
        <?xml version="1.0" encoding="UTF-8"?>
        <soap:Envelope xmlns:soap="http://www.w3.org/2003/05/soap-envelope"
                       xmlns:wsa="http://schemas.xmlsoap.org/ws/2004/08/addressing"
                       xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery"
                       xmlns:dn="http://www.onvif.org/ver10/network/wsdl"
                       xmlns:tds="http://www.onvif.org/ver10/device/wsdl">
            <soap:Header>
                <wsa:To>http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous</wsa:To>
                <wsa:Action>http://schemas.xmlsoap.org/ws/2005/04/discovery/ProbeMatch</wsa:Action>
                <wsa:MessageID>urn:uuid:7a8dc546-3829-4626-b5e6-1792fa4045e6</wsa:MessageID>
                <wsa:RelatesTo>urn:uuid:63c90441-1893-4395-871c-c33024b5aa33</wsa:RelatesTo>
            </soap:Header>
            <soap:Body>
                <d:ProbeMatch>
                    <d:EndpointReference><wsa:Address>urn:uuid:afcc7c5a-07da-4459-8d94-ab16445d57e5</wsa:Address></d:EndpointReference>
                    <d:Types>dn:NetworkVideoTransmitter tds:Device</d:Types>
                    <d:Scopes>onvif://www.onvif.org/type/video_encoder onvif://www.onvif.org/Profile/Streaming onvif://www.onvif.org/name/Yard</d:Scopes>
                    <d:XAddrs>http://10.0.0.2:8080/onvif/device_service</d:XAddrs>
                    <d:MetadataVersion>1</d:MetadataVersion>
                </d:ProbeMatch>
            </soap:Body>
        </soap:Envelope>
        """;

    [Fact]
    public void The_recorded_answer_is_understood() =>
        Assert.Equal(
            new OnvifDevice("Yard", new Uri("http://10.0.0.2:8080/onvif/device_service")),
            Assert.Single(OnvifDiscovery.Read(Encoding.UTF8.GetBytes(Recorded), IPAddress.Parse("10.0.0.2"))));

    [Theory]

    // The sender's address is trusted more than the addresses in its message.
    [InlineData("http://10.0.0.2:8080/onvif/device_service", "http://192.168.1.7:81/x", "http://10.0.0.2:81/x")]
    [InlineData("http://10.0.0.2:8080/onvif/device_service", "http://[fe80::1]/a http://192.168.1.7/b  http://10.0.0.2/c", "http://10.0.0.2/c")]
    [InlineData("http://10.0.0.2:8080/onvif/device_service", "https://10.0.0.9/a http://192.168.1.7/b", "http://10.0.0.2/b")]
    [InlineData("http://10.0.0.2:8080/onvif/device_service", "nonsense ftp://x", "http://10.0.0.2/onvif/device_service")]
    [InlineData("http://10.0.0.2:8080/onvif/device_service", "", "http://10.0.0.2/onvif/device_service")]
    [InlineData("d:ProbeMatch>", "d:Hello>", "http://10.0.0.2:8080/onvif/device_service")]
    public void Addresses_that_cameras_announce_wrongly_are_put_right(string old, string with, string expected)
    {
        var answer = Encoding.UTF8.GetBytes(Recorded.Replace(old, with, StringComparison.Ordinal));
        Assert.Equal(expected, Assert.Single(OnvifDiscovery.Read(answer, IPAddress.Parse("10.0.0.2"))).Device.ToString());
    }

    [Theory]
    [InlineData("name/Yard", "name/Front%20door%0A%1b[31m", "Front door[31m")]
    [InlineData("onvif://www.onvif.org/name/Yard", "onvif://www.onvif.org/hardware/DS-2CD", "DS-2CD")]
    [InlineData("onvif://www.onvif.org/name/Yard", "", "10.0.0.2")]
    public void The_name_is_what_it_announces_or_its_address(string old, string with, string expected)
    {
        var answer = Encoding.UTF8.GetBytes(Recorded.Replace(old, with, StringComparison.Ordinal));
        Assert.Equal(expected, Assert.Single(OnvifDiscovery.Read(answer, IPAddress.Parse("10.0.0.2"))).Name);
    }

    [Fact]
    public void Printers_and_noise_are_not_cameras()
    {
        var printer = Recorded.Replace("dn:NetworkVideoTransmitter tds:Device", "wsdp:Device wprt:PrintDeviceType", StringComparison.Ordinal)
            .Replace("onvif", "printer", StringComparison.Ordinal);
        Assert.Empty(OnvifDiscovery.Read(Encoding.UTF8.GetBytes(printer), IPAddress.Loopback));
        Assert.Empty(OnvifDiscovery.Read("<!DOCTYPE a [<!ENTITY b 'c'>]><ProbeMatch>onvif</ProbeMatch>"u8, IPAddress.Loopback));
        Assert.Empty(OnvifDiscovery.Read([0, 1, 2, 3], IPAddress.Loopback));
        Assert.Empty(OnvifDiscovery.Read([], IPAddress.Loopback));
    }

    [Fact]
    public async Task A_camera_on_the_loopback_is_found_and_asked()
    {
        var group = new IPEndPoint(OnvifDiscovery.Group.Address, FreeUdpPort());
        using var camera = await OnvifTestCamera.StartAsync(
            discover: string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{group.Port}"), name: "Back yard");
        var found = await OnvifDiscovery.FindAsync([IPAddress.Loopback], group, TimeSpan.FromSeconds(1.5), default);
        Assert.Equal(new OnvifDevice("Back yard", camera.Device()), Assert.Single(found));

        var login = new OnvifLogin(OnvifTestCamera.User, OnvifTestCamera.Password);
        var listed = Assert.Single(await OnvifCameras.AskAsync(found, login, TimeProvider.System, default));
        Assert.Equal(string.Create(CultureInfo.InvariantCulture, $"onvif://127.0.0.1:{camera.Port}"), listed.Address);
        Assert.Equal(["Profile_Main", "Profile_Sub"], listed.Profiles.Select(it => it.Token));
        Assert.Null(listed.Error);
    }

    [Fact]
    public async Task A_camera_that_refuses_is_listed_with_the_reason_and_a_recorder_once_for_each_source()
    {
        using var camera = await OnvifTestCamera.StartAsync();
        var login = new OnvifLogin(OnvifTestCamera.User, OnvifTestCamera.Password);
        OnvifDevice[] devices = [new("Recorder", camera.Device("nvr")), new("Locked", camera.Device("basic"))];
        var listed = await OnvifCameras.AskAsync(devices, login, TimeProvider.System, default);
        Assert.Equal(["Recorder (video source 1)", "Recorder (video source 2)", "Locked"], listed.Select(it => it.Name));
        Assert.EndsWith("?profile=Second_Main", listed[1].Address, StringComparison.Ordinal);
        Assert.Equal(["Second_Main", "Second_Sub"], listed[1].Profiles.Select(it => it.Token));
        Assert.Contains("refuses user 'admin'", listed[2].Error, StringComparison.Ordinal);
        var asked = Assert.Single(await OnvifCameras.AskAsync([devices[1]], null, TimeProvider.System, default));
        Assert.Contains("requires a user and a password", asked.Error, StringComparison.Ordinal);
    }

    private static int FreeUdpPort()
    {
        using var socket = new UdpClient(0, AddressFamily.InterNetwork);
        return ((IPEndPoint)socket.Client.LocalEndPoint!).Port;
    }
}
