using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace MobileVlm.Edge.Tools.HttpLoad;

/// <summary>A TCP connection on which requests are written byte by byte, because HTTP clients refuse to send what is hostile.</summary>
internal sealed class RawConnection : IDisposable
{
    /// <summary>Longer than the server may take to refuse anything.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    private readonly TcpClient _client = new();

    private RawConnection()
    {
    }

    /// <summary>Connects.</summary>
    public static async Task<RawConnection> OpenAsync(Uri address)
    {
        var connection = new RawConnection();
        try
        {
            await connection._client.ConnectAsync(address.Host, address.Port);
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Writes bytes. A server that has closed the connection already is no error.</summary>
    public async Task WriteAsync(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            await _client.GetStream().WriteAsync(bytes);
        }
        catch (IOException)
        {
            // The server has refused before it read all.
        }
    }

    /// <inheritdoc cref="WriteAsync(ReadOnlyMemory{byte})"/>
    public Task WriteAsync(string text) => WriteAsync(Encoding.Latin1.GetBytes(text));

    /// <summary>Closes the side that writes; the other one stays open.</summary>
    public void CloseHalf()
    {
        try
        {
            _client.Client.Shutdown(SocketShutdown.Send);
        }
        catch (SocketException)
        {
            // The server has closed the connection.
        }
    }

    /// <summary>Reads the head of the response.</summary>
    /// <returns>The status; null if the server closed the connection without one.</returns>
    public async Task<int?> ReadStatusAsync()
    {
        using var limit = new CancellationTokenSource(Patience);
        var buffer = new byte[4096];
        var length = 0;
        try
        {
            while (length < 12)
            {
                var count = await _client.GetStream().ReadAsync(buffer.AsMemory(length), limit.Token);
                if (count == 0)
                {
                    return null;
                }

                length += count;
            }
        }
        catch (IOException)
        {
            return null;
        }

        var head = Encoding.Latin1.GetString(buffer, 0, length);
        return head.StartsWith("HTTP/1.1 ", StringComparison.Ordinal)
            && int.TryParse(head.AsSpan(9, 3), NumberStyles.None, CultureInfo.InvariantCulture, out var status)
                ? status
                : throw new InvalidDataException($"This is not the head of a response: {head}");
    }

    public void Dispose() => _client.Dispose();
}
