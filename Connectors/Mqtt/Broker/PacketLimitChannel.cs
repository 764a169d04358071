using System.Buffers;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using MQTTnet.Channel;
using MQTTnet.Exceptions;

namespace MobileVlm.Edge.Connectors.Mqtt.Broker;

/// <summary>Watches the lengths that a client announces. The library allocates a packet (up to 256 MiB) as soon as its
/// length is read, so the limit has to be checked before that.</summary>
internal sealed class PacketLimitChannel(IMqttChannel inner, int maxPacketBytes, Action<long> onTooLong) : IMqttChannel
{
    private const int TypeByte = 0;
    private const int LengthBytes = 1;
    private const int Body = 2;

    private int _expects = TypeByte;
    private long _length;
    private int _shift;
    private long _bodyLeft;

    public X509Certificate2 ClientCertificate => inner.ClientCertificate;

    public EndPoint RemoteEndPoint => inner.RemoteEndPoint;

    public EndPoint LocalEndPoint => inner.LocalEndPoint;

    public bool IsSecureConnection => inner.IsSecureConnection;

    public Task ConnectAsync(CancellationToken cancellationToken) => inner.ConnectAsync(cancellationToken);

    public Task DisconnectAsync(CancellationToken cancellationToken) => inner.DisconnectAsync(cancellationToken);

    public async Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
    {
        var read = await inner.ReadAsync(buffer, offset, count, cancellationToken);
        Watch(buffer.AsSpan(offset, read));
        return read;
    }

    public Task WriteAsync(ReadOnlySequence<byte> buffer, bool isEndOfPacket, CancellationToken cancellationToken) =>
        inner.WriteAsync(buffer, isEndOfPacket, cancellationToken);

    public void Dispose() => inner.Dispose();

    private void Watch(ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            if (_expects == Body)
            {
                var skipped = (int)Math.Min(_bodyLeft, bytes.Length);
                bytes = bytes[skipped..];
                _bodyLeft -= skipped;
                _expects = _bodyLeft == 0 ? TypeByte : Body;
            }
            else
            {
                WatchHeader(bytes[0]);
                bytes = bytes[1..];
            }
        }
    }

    private void WatchHeader(byte next)
    {
        if (_expects == TypeByte)
        {
            (_expects, _length, _shift) = (LengthBytes, 0, 0);
            return;
        }

        // Seven bits per byte, the lowest first; the top bit means that more follow.
        _length |= (long)(next & 0x7F) << _shift;
        _shift += 7;
        if (_length > maxPacketBytes)
        {
            onTooLong(_length);
            throw new MqttProtocolViolationException($"A packet of {_length} bytes or more; the limit is {maxPacketBytes}.");
        }

        if ((next & 0x80) == 0)
        {
            _bodyLeft = _length;
            _expects = _length == 0 ? TypeByte : Body;
        }
    }
}
