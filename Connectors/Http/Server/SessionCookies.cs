using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace MobileVlm.Edge.Connectors.Http.Server;

/// <summary>The cookies of browsers that have logged in. A cookie is a random id and the time of the log-in, signed with a key that is
/// derived from the token: the token cannot be computed from it, a restart of the service does not end the session, and a token that
/// is taken out of its file ends all of its sessions. Thread-safe.</summary>
/// <param name="tokens">The known tokens.</param>
/// <param name="port">The port of the service, because browsers send a cookie to all ports of a host: two services on one host must not
/// end each other's sessions.</param>
/// <param name="time">For the age of a session.</param>
internal sealed class SessionCookies(AccessTokens tokens, int port, TimeProvider time)
{
    /// <summary>A browser logs in again after this.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromDays(30);

    /// <summary>Sessions that were ended by a log-out and are remembered, so that a copy of their cookie is refused too. The oldest is
    /// forgotten first, and all of them at a restart.</summary>
    private const int MaxEnded = 1000;

    private const int MaxLength = 200;
    private const int IdBytes = 16;

    private readonly Lock _lock = new();
    private readonly HashSet<string> _ended = new(StringComparer.Ordinal);
    private readonly Queue<string> _endedInOrder = new();

    /// <summary>Name of the cookie.</summary>
    public string Name { get; } = string.Create(CultureInfo.InvariantCulture, $"mobilevlm_{port}");

    /// <summary>Begins a session.</summary>
    /// <returns>The value of the cookie; null for an unknown token.</returns>
    public string? Create(string token)
    {
        if (tokens.DigestOf(token) is not { } digest)
        {
            return null;
        }

        var issued = time.GetUtcNow().ToUnixTimeSeconds();
        var signed = string.Create(CultureInfo.InvariantCulture, $"{issued}.{Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(IdBytes))}");
        return $"{signed}.{Base64Url.EncodeToString(Sign(digest, signed))}";
    }

    /// <summary>What the browser that sent a cookie may do.</summary>
    public AccessLevel LevelOf(string cookie)
    {
        if (cookie.Length > MaxLength
            || cookie.Split('.') is not [var issuedText, var id, var signature]
            || !long.TryParse(issuedText, NumberStyles.None, CultureInfo.InvariantCulture, out var issued))
        {
            return AccessLevel.None;
        }

        // A time in the future is accepted: the clock of a device without a battery is behind after a power cut.
        if (time.GetUtcNow().ToUnixTimeSeconds() - issued > (long)Lifetime.TotalSeconds || IsEnded(id))
        {
            return AccessLevel.None;
        }

        var given = Encoding.ASCII.GetBytes(signature);
        var level = AccessLevel.None;
        foreach (var (digest, allowed) in tokens.Digests)
        {
            var expected = Encoding.ASCII.GetBytes(Base64Url.EncodeToString(Sign(digest, $"{issuedText}.{id}")));
            if (CryptographicOperations.FixedTimeEquals(expected, given) && allowed > level)
            {
                level = allowed;
            }
        }

        return level;
    }

    /// <summary>Ends a session. A cookie that is not valid is ignored.</summary>
    public void End(string cookie)
    {
        if (LevelOf(cookie) == AccessLevel.None)
        {
            return;
        }

        var id = cookie.Split('.')[1];
        lock (_lock)
        {
            if (_ended.Add(id))
            {
                _endedInOrder.Enqueue(id);
            }

            if (_endedInOrder.Count > MaxEnded)
            {
                _ended.Remove(_endedInOrder.Dequeue());
            }
        }
    }

    private static byte[] Sign(byte[] digest, string text) =>
        HMACSHA256.HashData(digest, Encoding.UTF8.GetBytes($"mobilevlm session {text}"));

    private bool IsEnded(string id)
    {
        lock (_lock)
        {
            return _ended.Contains(id);
        }
    }
}
