using System.Net.Sockets;
using System.Security.Authentication;
using MQTTnet;
using MQTTnet.Adapter;
using MQTTnet.Exceptions;
using MQTTnet.Protocol;

namespace MobileVlm.Edge.Connectors.Mqtt.Client;

/// <summary>Turns what a failed connect gave into an outcome with the next step in it.</summary>
internal static class ConnectErrors
{
    /// <summary>Whether the broker cannot read this version of the protocol.</summary>
    public static bool IsVersionRefusal(MqttClientConnectResultCode code) =>
        // 1 is the answer of a 3.1.1 broker; its answer reaches us through the version 5 reader as it is.
        code is MqttClientConnectResultCode.UnsupportedProtocolVersion or (MqttClientConnectResultCode)1;

    /// <inheritdoc cref="IsVersionRefusal(MqttClientConnectResultCode)"/>
    public static bool IsVersionRefusal(Exception e) =>
        e is MqttConnectingFailedException && Causes(e).Any(c => c is MqttProtocolViolationException);

    /// <summary>Whether the broker accepted the connection and then closed it without a reason, as brokers older than MQTT 5
    /// do. A refused connection, a failed TLS handshake and a disconnect with a reason do not count.</summary>
    /// <param name="e">What the client library threw.</param>
    /// <param name="accepted">CONNECT had been accepted before.</param>
    public static bool IsHangUp(Exception e, bool accepted)
    {
        var causes = Causes(e).ToList();
        if (causes.Any(c => c is OperationCanceledException or MqttCommunicationTimedOutException))
        {
            return false;
        }

        if (causes.OfType<MqttClientUnexpectedDisconnectReceivedException>().FirstOrDefault() is { } disconnect)
        {
            // The answer of a broker that could not read version 5.
            return disconnect.ReasonCode is MqttDisconnectReasonCode.MalformedPacket or MqttDisconnectReasonCode.ProtocolError;
        }

        // The library wraps errors after the transport is connected; earlier ones concern addresses or TLS.
        return accepted || e is MqttConnectingFailedException;
    }

    public static ConnectOutcome FromCode(MqttClientConnectResultCode code, string? reason, MqttSettings settings)
    {
        var remedy = code switch
        {
            MqttClientConnectResultCode.BadUserNameOrPassword or MqttClientConnectResultCode.NotAuthorized =>
                settings.User is null
                    ? "it requires a user: set Mqtt:User and Mqtt:PasswordFile"
                    : $"check the user '{settings.User}' and the password in Mqtt:PasswordFile, and the broker's access rules",
            MqttClientConnectResultCode.ClientIdentifierNotValid =>
                $"it does not accept the client id '{settings.ClientId}'",
            MqttClientConnectResultCode.Banned => "it has banned this client; ask who runs it",
            MqttClientConnectResultCode.ServerUnavailable or MqttClientConnectResultCode.ServerBusy
                or MqttClientConnectResultCode.QuotaExceeded or MqttClientConnectResultCode.ConnectionRateExceeded =>
                "it takes no more clients now",
            MqttClientConnectResultCode.UseAnotherServer or MqttClientConnectResultCode.ServerMoved =>
                "it moved: change Mqtt:Broker",
            _ when IsVersionRefusal(code) => "it speaks neither MQTT 5 nor 3.1.1",
            _ => "see the broker's log",
        };
        var words = string.IsNullOrEmpty(reason) ? $"{code}" : $"{code}, '{reason}'";
        return new ConnectOutcome(ConnectOutcomeKind.Refused, $"the broker refused the connection ({words}): {remedy}");
    }

    public static ConnectOutcome FromException(Exception e, PreparedConnect prepared, MqttSettings settings)
    {
        if (prepared.CertificateFault is { } certificate)
        {
            return new ConnectOutcome(ConnectOutcomeKind.TlsFailed, certificate);
        }

        var causes = Causes(e).ToList();
        if (causes.OfType<SocketException>().FirstOrDefault() is { } socket && RemedyFor(socket.SocketErrorCode) is { } remedy)
        {
            return new ConnectOutcome(ConnectOutcomeKind.Unreachable, $"{socket.Message}: {remedy}");
        }

        if (causes.Any(c => c is OperationCanceledException or MqttCommunicationTimedOutException))
        {
            return TimedOut(settings);
        }

        // The library wraps what happens after the transport is connected in its own exception; before that it is TLS.
        if (PreparedConnect.IsTls(settings) && e is not MqttConnectingFailedException
            && causes.Any(c => c is AuthenticationException or IOException or SocketException))
        {
            return new ConnectOutcome(
                ConnectOutcomeKind.TlsFailed,
                $"no TLS session could be agreed on ({causes[^1].Message}): check that the broker speaks TLS 1.2 or " +
                $"newer on port {PreparedConnect.Port(settings)}");
        }

        var hint = PreparedConnect.IsTls(settings) ? "see its log" : "see its log, or use mqtts:// if this port speaks TLS";
        return new ConnectOutcome(
            ConnectOutcomeKind.Unreachable, $"the broker ended the connection before answering ({causes[^1].Message}): {hint}");
    }

    public static ConnectOutcome TimedOut(MqttSettings settings) => new(
        ConnectOutcomeKind.Unreachable,
        $"no answer within {settings.Timeout.TotalSeconds:0.###} s: check the address and firewalls, and whether the broker hangs");

    public static IEnumerable<Exception> Causes(Exception? e)
    {
        for (; e is not null; e = e.InnerException)
        {
            yield return e;
        }
    }

    private static string? RemedyFor(SocketError error) => error switch
    {
        SocketError.ConnectionRefused => "nothing listens there; start the broker or correct the port in Mqtt:Broker",
        SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain =>
            "correct the host in Mqtt:Broker, or check this device's name server",
        SocketError.HostUnreachable or SocketError.NetworkUnreachable or SocketError.HostDown or SocketError.NetworkDown =>
            "check the network of this device",
        SocketError.TimedOut => "check the address and firewalls",
        _ => null,
    };
}
