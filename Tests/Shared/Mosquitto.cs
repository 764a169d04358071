using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace MobileVlm.Edge.Tests.Shared;

/// <summary>What a test's mosquitto should have; the default is one that takes everybody.</summary>
public sealed record MosquittoOptions
{
    /// <summary>With a user nobody else may connect.</summary>
    public string? User { get; init; }

    public string Password { get; init; } = "secret";

    /// <summary>Lines of an ACL file (<c>topic readwrite a/#</c>).</summary>
    public string? Acl { get; init; }

    /// <summary>Signs the server's certificate, and makes the listener TLS only.</summary>
    public TestAuthority? Authority { get; init; }

    /// <summary>From when on the server's certificate is valid; yesterday by default.</summary>
    public DateTimeOffset? CertificateFrom { get; init; }

    /// <summary>Names and addresses in the server's certificate.</summary>
    public IReadOnlyList<string> CertificateNames { get; init; } = ["localhost", "127.0.0.1"];

    /// <summary>Keep retained messages and sessions over <see cref="Mosquitto.RestartAsync"/>.</summary>
    public bool Persistent { get; init; }

    /// <summary>Further lines for the configuration file.</summary>
    public string Extra { get; init; } = "";
}

/// <summary>A real mosquitto on a loopback port of its own, in a folder of its own.</summary>
public sealed class Mosquitto : IAsyncDisposable
{
    private const int SigHup = 1;
    private const int SigKill = 9;
    private const int SigTerm = 15;
    private const int SigCont = 18;
    private const int SigStop = 19;

    private readonly MosquittoOptions _options;
    private readonly StringBuilder _log = new();
    private Process? _process;

    private Mosquitto(MosquittoOptions options, int port)
    {
        _options = options;
        Port = port;
        Folder = Directory.CreateTempSubdirectory("mosquitto-").FullName;
    }

    public int Port { get; }

    public string Folder { get; }

    /// <summary>What it logged since it started.</summary>
    public string Log
    {
        get
        {
            lock (_log)
            {
                return _log.ToString();
            }
        }
    }

    /// <summary><c>mqtt://</c> or <c>mqtts://</c>.</summary>
    public Uri Address => new($"{(_options.Authority is null ? "mqtt" : "mqtts")}://127.0.0.1:{Port}");

    public static async Task<Mosquitto> StartAsync(MosquittoOptions? options = null)
    {
        // Another test can take the free port before mosquitto does.
        for (var attempt = 1; ; attempt++)
        {
            var broker = new Mosquitto(options ?? new MosquittoOptions(), FreePort());
            broker.WriteConfiguration();
            if (await broker.TryStartAsync())
            {
                return broker;
            }

            await broker.DisposeAsync();
            if (attempt == 3)
            {
                throw new InvalidOperationException($"mosquitto did not start: {broker._log}");
            }
        }
    }

    /// <summary>A loopback port that nobody listens on at the moment.</summary>
    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>Kills it, without a goodbye to anybody.</summary>
    public async Task StopAsync()
    {
        if (_process is { HasExited: false })
        {
            Signal(SigKill);
            await _process.WaitForExitAsync();
        }
    }

    /// <summary>Stops it as an operator does: a persistent one writes down what it holds.</summary>
    public async Task ShutDownAsync()
    {
        Signal(SigTerm);
        await _process!.WaitForExitAsync();
    }

    /// <summary>Connections stay up and nothing is answered until <see cref="Thaw"/>.</summary>
    public void Freeze() => Signal(SigStop);

    public void Thaw() => Signal(SigCont);

    /// <summary>Starts it again on the same port.</summary>
    public async Task RestartAsync()
    {
        await StopAsync();
        if (!await TryStartAsync())
        {
            throw new InvalidOperationException($"mosquitto did not start again: {_log}");
        }
    }

    /// <summary>Starts it again with other lines in its configuration, in place of <see cref="MosquittoOptions.Extra"/>.</summary>
    public Task RestartWithAsync(string extra)
    {
        WriteConfiguration(extra);
        return RestartAsync();
    }

    /// <summary>Changes who may do what, from now on.</summary>
    public void ChangeAcl(string acl)
    {
        System.IO.File.WriteAllText(File("acl"), acl + "\n");
        Signal(SigHup);
    }

    /// <summary>Changes the user's password for new connections.</summary>
    public void ChangePassword(string password)
    {
        WritePasswords(password);
        Signal(SigHup);
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _process?.Dispose();
        Directory.Delete(Folder, recursive: true);
    }

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static extern int Kill(int process, int signal);

    internal static Process Run(string program, string package, IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        try
        {
            return Process.Start(start) ?? throw new InvalidOperationException($"{program} did not start");
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            throw new InvalidOperationException(
                $"{program} is missing; these tests need it: apt-get install {package} ({e.Message})", e);
        }
    }

    private string File(string name) => Path.Combine(Folder, name);

    private void Signal(int signal)
    {
        if (_process is not { HasExited: false } process || Kill(process.Id, signal) != 0)
        {
            throw new InvalidOperationException($"mosquitto is not running: {_log}");
        }
    }

    private void WriteConfiguration(string? extra = null)
    {
        var lines = new StringBuilder()
            .AppendLine(CultureInfo.InvariantCulture, $"listener {Port} 127.0.0.1")
            .AppendLine(CultureInfo.InvariantCulture, $"user {Environment.UserName}")
            .AppendLine(CultureInfo.InvariantCulture, $"allow_anonymous {(_options.User is null ? "true" : "false")}");
        if (_options.User is not null)
        {
            WritePasswords(_options.Password);
            lines.AppendLine(CultureInfo.InvariantCulture, $"password_file {File("passwords")}");
        }

        if (_options.Acl is not null)
        {
            System.IO.File.WriteAllText(File("acl"), _options.Acl + "\n");
            lines.AppendLine(CultureInfo.InvariantCulture, $"acl_file {File("acl")}");
        }

        if (_options.Authority is { } authority)
        {
            var (certificate, key) = authority.Issue(_options.CertificateNames, _options.CertificateFrom);
            System.IO.File.WriteAllText(File("server.crt"), certificate);
            System.IO.File.WriteAllText(File("server.key"), key);
            lines.AppendLine(CultureInfo.InvariantCulture, $"certfile {File("server.crt")}")
                .AppendLine(CultureInfo.InvariantCulture, $"keyfile {File("server.key")}");
        }

        if (_options.Persistent)
        {
            lines.AppendLine("persistence true")
                .AppendLine(CultureInfo.InvariantCulture, $"persistence_location {Folder}/")
                .AppendLine("autosave_on_changes true")
                .AppendLine("autosave_interval 1");
        }

        lines.AppendLine(extra ?? _options.Extra);
        System.IO.File.WriteAllText(File("mosquitto.conf"), lines.ToString());
    }

    private void WritePasswords(string password)
    {
        using var tool = Run("mosquitto_passwd", "mosquitto", ["-c", "-b", File("passwords.new"), _options.User!, password]);
        tool.WaitForExit();
        System.IO.File.Move(File("passwords.new"), File("passwords"), overwrite: true);
    }

    private async Task<bool> TryStartAsync()
    {
        _process = Run("/usr/sbin/mosquitto", "mosquitto", ["-c", File("mosquitto.conf")]);
        _process.OutputDataReceived += Note;
        _process.ErrorDataReceived += Note;
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();

        // Its own word rather than a connect: on a port that was taken, another program would answer that.
        await Eventually.TrueAsync(() => _process.HasExited || IsRunning(), "mosquitto runs", state: () => Log);
        if (_process.HasExited)
        {
            return false;
        }

        lock (_log)
        {
            _log.Clear();
        }

        return true;

        bool IsRunning() => Log.Contains(" running", StringComparison.Ordinal);
    }

    private void Note(object sender, DataReceivedEventArgs e)
    {
        lock (_log)
        {
            _log.AppendLine(e.Data);
        }
    }
}

/// <summary>A message as an independent client saw it.</summary>
public sealed record ReceivedMessage(string Topic, byte[] Payload, bool Retained, int QualityOfService)
{
    public string Text => Encoding.UTF8.GetString(Payload);
}

/// <summary>A mosquitto_sub process and what it received, in order. It is not built on the library under test.</summary>
public sealed class MosquittoSub : IAsyncDisposable
{
    private const string Mark = ">>";

    private readonly List<ReceivedMessage> _messages = [];
    private readonly StringBuilder _said = new();
    private readonly TaskCompletionSource _subscribed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Process _process;

    private MosquittoSub(Process process)
    {
        _process = process;
        process.OutputDataReceived += Read;
        process.ErrorDataReceived += Read;
        process.EnableRaisingEvents = true;
        process.Exited += (_, _) => _subscribed.TrySetException(new InvalidOperationException("mosquitto_sub ended"));
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    /// <summary>Everything so far.</summary>
    public IReadOnlyList<ReceivedMessage> Messages
    {
        get
        {
            lock (_messages)
            {
                return [.. _messages];
            }
        }
    }

    /// <summary>What came since the last call, forgotten here: for runs whose messages would fill the memory.</summary>
    public IReadOnlyList<ReceivedMessage> Take()
    {
        lock (_messages)
        {
            ReceivedMessage[] taken = [.. _messages];
            _messages.Clear();
            return taken;
        }
    }

    /// <summary>Returns when the broker has confirmed the subscription.</summary>
    /// <param name="address"><c>mqtt://host:port</c> or <c>mqtts://</c>.</param>
    /// <param name="filter">Topic filter, wildcards allowed.</param>
    /// <param name="more">Further arguments (<c>-u</c>, <c>-P</c>, <c>--cafile</c>).</param>
    public static async Task<MosquittoSub> StartAsync(Uri address, string filter = "#", params string[] more)
    {
        // Without stdbuf it buffers its output until the first message.
        string[] arguments =
        [
            "-oL", "mosquitto_sub", "-h", address.Host, "-p", address.Port.ToString(CultureInfo.InvariantCulture), "-V", "5", "-q", "2", "-d",
            "-t", filter, "-F", Mark + "%r %q %x %t", .. more,
        ];
        var sub = new MosquittoSub(Mosquitto.Run("stdbuf", "coreutils", arguments));
        try
        {
            await sub._subscribed.Task.WaitAsync(Eventually.Patience);
        }
        catch (Exception e) when (e is TimeoutException or InvalidOperationException)
        {
            await sub.DisposeAsync();
            throw new InvalidOperationException(
                $"mosquitto_sub could not subscribe; if it is missing: apt-get install mosquitto-clients ({sub._said})", e);
        }

        return sub;
    }

    /// <summary>The first message to that topic that fits, waiting for it if need be.</summary>
    public async Task<ReceivedMessage> WaitForAsync(
        string topic, Func<ReceivedMessage, bool>? fits = null, TimeSpan? within = null)
    {
        ReceivedMessage? found = null;
        await Eventually.TrueAsync(
            () => (found = Messages.FirstOrDefault(m => m.Topic == topic && fits?.Invoke(m) != false)) is not null,
            $"a fitting message to {topic}",
            within ?? Eventually.Patience,
            () => $"Seen: {string.Join(", ", Messages.Select(m => $"{m.Topic}={m.Text}"))}. The client wrote: {_said}");
        return found!;
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private void Read(object sender, DataReceivedEventArgs e)
    {
        if (e.Data is not { } line)
        {
            return;
        }

        if (!line.StartsWith(Mark, StringComparison.Ordinal))
        {
            lock (_messages)
            {
                _said.AppendLine(line);
            }

            if (line.StartsWith("Subscribed", StringComparison.Ordinal))
            {
                _subscribed.TrySetResult();
            }

            return;
        }

        var parts = line[Mark.Length..].Split(' ', 4);
        if (parts.Length < 4)
        {
            // The end of a line that was being written when the client was killed.
            return;
        }

        var message = new ReceivedMessage(
            parts[3], Convert.FromHexString(parts[2]), parts[0] == "1", int.Parse(parts[1], CultureInfo.InvariantCulture));
        lock (_messages)
        {
            _messages.Add(message);
        }
    }
}

/// <summary>A certificate authority that lives as long as one test.</summary>
public sealed class TestAuthority : IDisposable
{
    private readonly X509Certificate2 _certificate;

    public TestAuthority()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=Test authority", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        _certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(30));
    }

    /// <summary>What clients trust, as a PEM file holds it.</summary>
    public string Pem => _certificate.ExportCertificatePem();

    /// <summary>A server certificate for these names and addresses, and its key, in PEM.</summary>
    /// <param name="names">Of the server.</param>
    /// <param name="from">First moment of its validity, of at most 29 days; yesterday by default.</param>
    public (string Certificate, string Key) Issue(IEnumerable<string> names, DateTimeOffset? from = null)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=Test server", key, HashAlgorithmName.SHA256);
        var alternatives = new SubjectAlternativeNameBuilder();
        foreach (var name in names)
        {
            if (IPAddress.TryParse(name, out var address))
            {
                alternatives.AddIpAddress(address);
            }
            else
            {
                alternatives.AddDnsName(name);
            }
        }

        request.CertificateExtensions.Add(alternatives.Build());
        using var certificate = request.Create(
            _certificate, from ?? DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(29), RandomNumberGenerator.GetBytes(8));
        return (certificate.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem());
    }

    public void Dispose() => _certificate.Dispose();
}
