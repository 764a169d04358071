using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using MobileVlm.Edge.Connectors.Cameras.Feeds.Onvif;
using MobileVlm.Edge.Deploy.Cli;

namespace MobileVlm.Edge.Deploy.Commands.Cameras;

/// <summary><c>mobilevlm cameras</c>: lists the ONVIF cameras in the networks of this machine, with their streams.</summary>
internal static class CamerasCommand
{
    private const double DefaultSeconds = 4;

    public static Command Create()
    {
        var user = new Option<string?>("--user")
        {
            Description = "User of the cameras; without one, streams are listed only for cameras that need no login.",
            HelpName = "NAME",
        };
        var passwordFile = new Option<string?>("--password-file")
        {
            Description = "File with the user's password in its first line.",
            HelpName = "FILE",
        };
        var address = new Option<string[]>("--address")
        {
            Description = "Query this camera too, for example in another subnet, which a search does not reach; may be given several times.",
            HelpName = "HOST[:PORT]",
        };
        var timeout = new Option<double>("--timeout")
        {
            Description = "How long to search, in seconds.",
            HelpName = "SECONDS",
            DefaultValueFactory = _ => DefaultSeconds,
        };
        timeout.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<double>() is not (>= 0.5 and <= 60))
            {
                result.AddError("--timeout is 0.5 to 60 seconds.");
            }
        });
        var json = new Option<bool>("--json") { Description = "Print one JSON document to stdout." };
        var command = new Command("cameras", "List the ONVIF cameras in the network and their streams.")
        {
            user, passwordFile, address, timeout, json,
        };
        command.SetAction((parsed, cancel) => RunAsync(
            Login(parsed.GetValue(user), parsed.GetValue(passwordFile)),
            Addresses(parsed.GetValue(address) ?? []),
            TimeSpan.FromSeconds(parsed.GetValue(timeout)),
            parsed.GetValue(json),
            cancel));
        return command;
    }

    private static async Task<int> RunAsync(
        OnvifLogin? login, IReadOnlyList<OnvifDevice> named, TimeSpan timeout, bool json, CancellationToken cancel)
    {
        Terminal.Info(string.Create(CultureInfo.InvariantCulture, $"Searching for cameras for {timeout.TotalSeconds:0.#} s ..."));
        var devices = named.ToList();
        var failed = false;
        try
        {
            foreach (var device in await OnvifDiscovery.FindAsync(timeout, cancel))
            {
                if (!devices.Exists(it => it.Device.Authority == device.Device.Authority))
                {
                    devices.Add(device);
                }
            }
        }
        catch (OnvifException exception)
        {
            failed = true;
            Terminal.Error($"The search failed: {exception.Message}.");
        }

        if (devices.Count > 0)
        {
            Terminal.Info($"Asking {devices.Count} {(devices.Count == 1 ? "camera" : "cameras")} for streams ...");
        }

        var cameras = await OnvifCameras.AskAsync(devices, login, TimeProvider.System, cancel);
        foreach (var camera in cameras.Where(it => it.Error is not null))
        {
            Terminal.Info($"{camera.Name} ({camera.Address}): {camera.Error}.");
        }

        if (json)
        {
            Console.WriteLine(JsonSerializer.Serialize(
                (IReadOnlyList<CameraDocument>)[.. cameras.Select(CameraDocument.Of)], CamerasDocumentJson.Readable.IReadOnlyListCameraDocument));
        }
        else if (cameras.Count > 0)
        {
            foreach (var line in CamerasTable.Lines(cameras))
            {
                Console.WriteLine(line);
            }
        }

        Terminal.Info(Advice(cameras, login));
        return failed && cameras.Count == 0 ? ExitCode.Failed : ExitCode.Done;
    }

    private static string Advice(IReadOnlyList<OnvifCamera> cameras, OnvifLogin? login)
    {
        if (cameras.Count == 0)
        {
            return "No camera answered. A search reaches the subnets of this machine only, not those behind a router, and a firewall here must "
                + "accept the answers (UDP from port 3702). Check that ONVIF is switched on in the camera, search longer with --timeout, or "
                + "name a camera with --address HOST[:PORT].";
        }

        if (cameras.All(it => it.Error is not null) && login is null)
        {
            return "To list streams, name a user that the cameras know: mobilevlm cameras --user NAME --password-file FILE";
        }

        var address = cameras.First(it => it.Error is null || cameras.All(one => one.Error is not null)).Address;
        var user = login is null ? "" : $"{Uri.EscapeDataString(login.User)}@";
        return $"In the configuration: \"Source\": \"{address.Insert("onvif://".Length, user)}\""
            + (login is null ? "." : ", together with \"PasswordFile\". A star marks the stream that is used; '?profile=PROFILE' selects another.");
    }

    private static OnvifLogin? Login(string? user, string? passwordFile)
    {
        if (user is null)
        {
            return passwordFile is null ? null : throw new UsageException("--password-file needs --user too.");
        }

        if (string.IsNullOrWhiteSpace(user))
        {
            throw new UsageException("--user is empty; name a user of the cameras.");
        }

        if (passwordFile is null)
        {
            throw new UsageException(
                "--user needs --password-file too. A password on the command line could be read by every user of this machine.");
        }

        return OnvifCameras.ReadLogin(user, passwordFile, "--password-file", out var error) ?? throw new UsageException($"{error}.");
    }

    private static OnvifDevice[] Addresses(string[] addresses) =>
    [
        .. addresses.Select(it => string.IsNullOrWhiteSpace(it) || OnvifCameras.At(it) is not { } device
            ? throw new UsageException($"--address: '{it}' is not an address; HOST, HOST:PORT or a value of Source would be accepted.")
            : device),
    ];
}
