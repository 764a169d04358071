using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace MobileVlm.Edge.Tools.HttpLoad;

/// <summary>A TCP connection on which requests are written byte by byte, because HTTP clients refuse to send what is hostile.</summary>
internal sealed class RawConnection : IDisposable
{
    /// <summary>Longer than the server may take to refuse anything.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    private readonly Socket _socket = new(SocketType.Stream, ProtocolType.Tcp);

    private RawConnection()
    {
    }

    /// <summary>Connects.</summary>
    public static async Task<RawConnection> OpenAsync(Uri address)
    {
        var connection = new RawConnection();
        try
        {
            await connection._socket.ConnectAsync(IPAddress.Parse(address.Host), address.Port);
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
            for (var sent = 0; sent < bytes.Length;)
            {
                sent += await _socket.SendAsync(bytes[sent..]);
            }
        }
        catch (SocketException)
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
            _socket.Shutdown(SocketShutdown.Send);
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
                var count = await _socket.ReceiveAsync(buffer.AsMemory(length), limit.Token);
                if (count == 0)
                {
                    return null;
                }

                length += count;
            }
        }
        catch (SocketException)
        {
            return null;
        }

        // The preface of HTTP/2 is answered with a frame of HTTP/2.
        var head = Encoding.Latin1.GetString(buffer, 0, length);
        return head.StartsWith("HTTP/1.1 ", StringComparison.Ordinal)
            ? int.Parse(head.AsSpan(9, 3), NumberStyles.None, CultureInfo.InvariantCulture)
            : null;
    }

    public void Dispose() => _socket.Dispose();
}
