using System.Net;
using MobileVlm.Edge.Connectors.Http.Server;
using MobileVlm.Edge.Deploy.Configuration.Binding;
using MobileVlm.Edge.Deploy.Configuration.Options;

namespace MobileVlm.Edge.Deploy.Configuration.Validation;

/// <summary>Validates the rules between the keys of section <c>Http</c>.</summary>
internal static class HttpValidator
{
    private const string Http = $"{EdgeOptions.Section}:{nameof(EdgeOptions.Http)}";
    private const string TokenFile = $"{Http}:{nameof(HttpOptions.TokenFile)}";
    private const string CertificateFile = $"{Http}:{nameof(HttpOptions.CertificateFile)}";
    private const string KeyFile = $"{Http}:{nameof(HttpOptions.KeyFile)}";

    /// <summary>Adds an error for each broken rule.</summary>
    /// <param name="options">Bound options; a key that already has an error holds its default.</param>
    /// <param name="folder">The folder in which relative paths start.</param>
    /// <param name="systemdState">The state folder that systemd passes; used where none is configured.</param>
    /// <param name="purpose">Whether a file that this user may not read is an error.</param>
    /// <param name="problems">Receives problems and warnings.</param>
    public static void Validate(EdgeOptions options, string folder, string? systemdState, ConfigurationPurpose purpose, ProblemList problems)
    {
        if (options.Metrics.Port is { } port)
        {
            problems.Warn(
                $"{EdgeOptions.Section}:{nameof(EdgeOptions.Metrics)}:{nameof(MetricsOptions.Port)}",
                ScalarText.Format(port),
                "opens a separate port for the metrics, which still works; Http:Listen serves them at /metrics too: use that, and leave Metrics:Port out");
        }

        var http = options.Http;
        if (http.Listen is null)
        {
            if (problems.IsWritten(Http) && !problems.HasWithin(Http))
            {
                problems.Warn(Http, null, "has no effect without Listen: no port listens; set Listen, such as '127.0.0.1:8080', or leave the section out");
            }

            return;
        }

        var isLenient = purpose != ConfigurationPurpose.Start;
        OptionsValidator.ValidateFile(http.CertificateFile, CertificateFile, folder, isLenient, problems);
        OptionsValidator.ValidateFile(http.KeyFile, KeyFile, folder, isLenient, problems);
        if (http.CertificateFile is null != http.KeyFile is null && !problems.Has(CertificateFile) && !problems.Has(KeyFile))
        {
            problems.Add(http.KeyFile is null ? CertificateFile : KeyFile, null, $"needs {(http.KeyFile is null ? nameof(HttpOptions.KeyFile) : nameof(HttpOptions.CertificateFile))} too; set both or neither");
        }

        ValidateTokens(options, folder, systemdState, isLenient, problems);
    }

    /// <summary>Whether a host name names this machine alone.</summary>
    private static bool IsThisMachine(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(host.Trim('[', ']'), out var address) && HttpAddresses.IsLoopback(address));

    private static void ValidateTokens(EdgeOptions options, string folder, string? systemdState, bool isLenient, ProblemList problems)
    {
        var http = options.Http;
        if (problems.Has(TokenFile))
        {
            return;
        }

        if (http.TokenFile is not { } file)
        {
            if (HttpAddresses.TryParseListen(http.Listen!, out var listen) && !HttpAddresses.IsLoopback(listen.Address))
            {
                problems.Add(TokenFile, null, $"is missing: other machines can reach {http.Listen}, so requests need a token; name a file below StateFolder, which is created with a random token, or listen at 127.0.0.1");
            }
            else if (http.PublicUrl is { } url && HttpAddresses.TryParseWeb(url, out var address) && !IsThisMachine(address.Host))
            {
                problems.Add(TokenFile, null, $"is missing: PublicUrl lets other machines reach the service, so requests need a token; name a file below StateFolder, which is created with a random token");
            }

            return;
        }

        var path = Path.GetFullPath(file, folder);
        var state = options.StateFolder is { } configured ? Path.GetFullPath(configured, folder) : systemdState;
        if (!File.Exists(path) && !Directory.Exists(path) && AccessTokens.MayCreate(path, state))
        {
            return;
        }

        if (OptionsValidator.ValidateFile(file, TokenFile, folder, isLenient, problems) && TryRead(path) is { } text && AccessTokens.FindError(text) is { } error)
        {
            problems.Add(TokenFile, file.StartsWith('/') ? file : null, error);
        }
    }

    // A file that cannot be read was reported.
    private static string? TryRead(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
