using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using MobileVlm.Edge.Connectors.Storage;

namespace MobileVlm.Edge.Connectors.Http.Server;

/// <summary>Addresses that work without a token for a while, for pictures in notifications: the path and the end of their validity are signed.
/// No token can be computed from one. Thread-safe.</summary>
public sealed class SignedAddresses
{
    /// <summary>How long an address is valid.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromDays(7);

    private const string ExpiresName = "expires";
    private const string SignatureName = "signature";
    private const int KeyBytes = 32;

    private readonly byte[] _key;
    private readonly Uri? _publicUrl;
    private readonly TimeProvider _time;

    /// <param name="key">The secret key.</param>
    /// <param name="publicUrl">The address of the server as users reach it; null where they cannot.</param>
    /// <param name="time">The clock.</param>
    public SignedAddresses(ReadOnlySpan<byte> key, Uri? publicUrl, TimeProvider time) => (_key, _publicUrl, _time) = (key.ToArray(), publicUrl, time);

    /// <summary>Reads the key from a file that only its owner can read, and creates that if it does not exist or is not a key. Where it cannot be
    /// written, addresses are valid until the process ends.</summary>
    /// <param name="file">The file; null for a key of this process alone.</param>
    public static byte[] ReadOrCreateKey(string? file)
    {
        var key = RandomNumberGenerator.GetBytes(KeyBytes);
        if (file is null)
        {
            return key;
        }

        try
        {
            if (File.Exists(file) && File.ReadAllBytes(file) is { Length: KeyBytes } known)
            {
                return known;
            }

            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            PrivateFiles.Replace(file, key);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            // A state folder that cannot be written is reported elsewhere.
            _ = fault;
        }

        return key;
    }

    /// <summary>The address of a path as users reach it.</summary>
    /// <param name="path">Begins with a slash and needs no escaping.</param>
    /// <returns>Null where the server has no public address.</returns>
    public string? Sign(string path)
    {
        if (_publicUrl is null)
        {
            return null;
        }

        var expires = (_time.GetUtcNow() + Lifetime).ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        return $"{_publicUrl.GetLeftPart(UriPartial.Path).TrimEnd('/')}{path}?{ExpiresName}={expires}&{SignatureName}={Signature(path, expires)}";
    }

    /// <summary>Whether a request carries a valid signature of its path.</summary>
    /// <param name="path">The path below the server's root, as it was signed.</param>
    /// <param name="query">The query of the request.</param>
    /// <exception cref="HttpFailureException">It carries one that is wrong or has expired.</exception>
    internal bool Allows(string path, IQueryCollection query)
    {
        if (query[SignatureName] is not [{ Length: > 0 } signature])
        {
            return false;
        }

        var expires = query[ExpiresName].FirstOrDefault() ?? "";
        if (!CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(Signature(path, expires)), Encoding.UTF8.GetBytes(signature))
            || !long.TryParse(expires, NumberStyles.None, CultureInfo.InvariantCulture, out var end))
        {
            throw new HttpFailureException(
                StatusCodes.Status403Forbidden, "the signature of this address is wrong; it is valid as it was published, for this service alone", "signature_wrong");
        }

        return _time.GetUtcNow().ToUnixTimeSeconds() < end
            ? true
            : throw new HttpFailureException(
                StatusCodes.Status403Forbidden, $"this address was valid for {Lifetime.TotalDays:0} days; the event is still shown to those who log in", "address_expired");
    }

    private string Signature(string path, string expires) =>
        Base64Url.EncodeToString(HMACSHA256.HashData(_key, Encoding.UTF8.GetBytes($"mobilevlm address {path}?{expires}")));
}
