using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using MobileVlm.Edge.Connectors.Storage;

namespace MobileVlm.Edge.Connectors.Webhooks;

/// <summary>The secret that signs the events of a webhook, as <see href="https://www.standardwebhooks.com">Standard Webhooks</see>
/// defines it, so that receivers can use its libraries.</summary>
public sealed class WebhookSecret
{
    /// <summary>The shortest secret, in bytes.</summary>
    public const int MinBytes = 16;

    private const string Prefix = "whsec_";

    private readonly byte[] _key;

    private WebhookSecret(byte[] key) => _key = key;

    /// <summary>Reads the first line of a file: <c>whsec_</c> and base64, or any text.</summary>
    /// <param name="path">The file.</param>
    /// <param name="fault">What is wrong, as the rest of a sentence that begins with the file; null if nothing is.</param>
    /// <returns>Null if it cannot be used.</returns>
    public static WebhookSecret? Read(string path, out string? fault)
    {
        if (SecretFile.ReadLine(path, out fault)?.Trim() is not { } line)
        {
            return null;
        }

        var bytes = line.StartsWith(Prefix, StringComparison.Ordinal) ? FromBase64(line[Prefix.Length..]) : Encoding.UTF8.GetBytes(line);
        fault = bytes is null ? $"begins with {Prefix}, and what follows is not base64"
            : bytes.Length < MinBytes ? string.Create(CultureInfo.InvariantCulture, $"holds a secret of {bytes.Length} bytes; {MinBytes} or more would be accepted")
            : null;
        return fault is null ? new WebhookSecret(bytes!) : null;
    }

    /// <summary>The value of <c>webhook-signature</c>: HMAC-SHA256 over id, timestamp and body.</summary>
    public string Sign(string id, string timestamp, ReadOnlySpan<byte> body)
    {
        using var hash = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, _key);
        hash.AppendData(Encoding.UTF8.GetBytes($"{id}.{timestamp}."));
        hash.AppendData(body);
        return $"v1,{Convert.ToBase64String(hash.GetHashAndReset())}";
    }

    private static byte[]? FromBase64(string text)
    {
        var bytes = new byte[text.Length];
        return Convert.TryFromBase64String(text, bytes, out var length) ? bytes[..length] : null;
    }
}
