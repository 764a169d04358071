using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using MobileVlm.Edge.Connectors.Storage;
using MQTTnet;
using MQTTnet.Formatter;
using MQTTnet.Packets;
using MQTTnet.Protocol;

namespace MobileVlm.Edge.Connectors.Mqtt.Client;

/// <summary>One attempt to connect: the settings and files turned into the client library's options, and what the
/// broker's certificate was refused for.</summary>
internal sealed class PreparedConnect
{
    /// <summary>Messages that the broker may send on before we acknowledged the first; the rest waits there.</summary>
    private const ushort MaxUnacknowledged = 32;

    private PreparedConnect()
    {
    }

    public required MqttClientOptions Options { get; init; }

    /// <summary>Why the certificate was refused; null when it was not.</summary>
    public string? CertificateFault { get; private set; }

    /// <summary>Reads the files that the settings name; the outcome names the one that could not be used.</summary>
    public static (PreparedConnect? Prepared, ConnectOutcome? Fault) Prepare(MqttSettings settings, MqttProtocolVersion version)
    {
        string? password = null;
        if (settings.PasswordFile is { } file)
        {
            if (settings.User is null)
            {
                return Fault("Mqtt:PasswordFile is set but Mqtt:User is not; set both or neither");
            }

            password = SecretFile.ReadLine(file, out var fault);
            if (fault is not null)
            {
                return Fault($"Mqtt:PasswordFile: '{file}' {fault}");
            }
        }

        X509Certificate2Collection? authorities = null;
        if (settings.CaFile is { } caFile && IsTls(settings))
        {
            try
            {
                authorities = [];
                authorities.ImportFromPemFile(caFile);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException)
            {
                return Fault($"Mqtt:CaFile: '{caFile}' could not be read: {e.Message}");
            }

            if (authorities.Count == 0)
            {
                return Fault($"Mqtt:CaFile: '{caFile}' holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)");
            }
        }

        var prepared = new PreparedConnect { Options = Basics(settings, version) };
        prepared.Options.ChannelOptions = prepared.Channel(settings, authorities);
        if (settings.User is { } user)
        {
            prepared.Options.Credentials = new MqttClientCredentials(
                user, password is null ? null : System.Text.Encoding.UTF8.GetBytes(password));
        }

        return (prepared, null);

        static (PreparedConnect?, ConnectOutcome?) Fault(string reason) =>
            (null, new ConnectOutcome(ConnectOutcomeKind.Misconfigured, reason));
    }

    public static MqttClientSubscribeOptions SubscribeOptions(IEnumerable<MqttSubscription> subscriptions) => new()
    {
        TopicFilters = [.. subscriptions.Select(it => new MqttTopicFilter
        {
            Topic = it.Filter,
            QualityOfServiceLevel = (MqttQualityOfServiceLevel)it.QualityOfService,
        })],
    };

    public static bool IsTls(MqttSettings settings) => settings.Broker.Scheme == "mqtts";

    public static int Port(MqttSettings settings) =>
        settings.Broker.Port > 0 ? settings.Broker.Port : IsTls(settings) ? 8883 : 1883;

    private static MqttClientOptions Basics(MqttSettings settings, MqttProtocolVersion version) => new()
    {
        ProtocolVersion = version,
        ClientId = settings.ClientId,

        // A session that outlived its connection would bring yesterday's questions after a restart.
        CleanSession = true,
        KeepAlivePeriod = settings.KeepAlive,
        ReceiveMaximum = version == MqttProtocolVersion.V500 ? MaxUnacknowledged : (ushort)0,
        MaximumPacketSize = version == MqttProtocolVersion.V500 ? MaxPacket(settings.Inbound) : 0,
        Timeout = settings.Timeout,
        WillTopic = settings.Will.Topic,
        WillPayload = settings.Will.Payload.ToArray(),
        WillRetain = settings.Will.Retain,
        WillQualityOfServiceLevel = (MqttQualityOfServiceLevel)settings.Will.QualityOfService,
        WillContentType = version == MqttProtocolVersion.V500 ? settings.Will.ContentType : null,
    };

    // Twice what is accepted: a message that is somewhat too long arrives all the same and can be answered with a refusal.
    private static uint MaxPacket(InboundLimits limits) => (uint)(limits.MaxPayloadBytes * 2L) + 1024;

    private MqttClientTcpOptions Channel(MqttSettings settings, X509Certificate2Collection? authorities)
    {
        var host = settings.Broker.IdnHost;
        var channel = new MqttClientTcpOptions { RemoteEndpoint = new DnsEndPoint(host, Port(settings)), NoDelay = true };
        if (IsTls(settings))
        {
            channel.TlsOptions = new MqttClientTlsOptions
            {
                UseTls = true,
                TargetHost = host,
                TrustChain = authorities,
                SslProtocol = SslProtocols.Tls12 | SslProtocols.Tls13,

                // A device without internet cannot ask for revocation lists, and private authorities publish none.
                RevocationMode = X509RevocationMode.NoCheck,
                CertificateValidationHandler = CheckCertificate,
            };
        }

        return channel;
    }

    /// <summary>A certificate that is not valid at this moment; null when dates are not the reason.</summary>
    private static string? DateFault(X509Chain? chain, DateTime now)
    {
        foreach (var certificate in (chain?.ChainElements ?? Enumerable.Empty<X509ChainElement>()).Select(element => element.Certificate))
        {
            var (from, to) = (certificate.NotBefore.ToUniversalTime(), certificate.NotAfter.ToUniversalTime());
            if (now < from || now > to)
            {
                return string.Create(
                    CultureInfo.InvariantCulture,
                    $"the certificate of '{certificate.GetNameInfo(X509NameType.SimpleName, forIssuer: false)}' is valid from {from:yyyy-MM-dd} to {to:yyyy-MM-dd}, "
                    + $"and the clock of this machine shows {now:yyyy-MM-dd HH:mm} UTC: {(now < from ? "set the clock (timedatectl)" : "renew the certificate, or set the clock if it is wrong (timedatectl)")}");
            }
        }

        return null;
    }

    private bool CheckCertificate(MqttClientCertificateValidationEventArgs e)
    {
        if (e.SslPolicyErrors == SslPolicyErrors.None)
        {
            return true;
        }

        var faults = new List<string>();
        if (e.SslPolicyErrors.HasFlag(SslPolicyErrors.RemoteCertificateNotAvailable))
        {
            faults.Add("the broker sent no certificate");
        }

        if (e.SslPolicyErrors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch))
        {
            faults.Add("the certificate is for another name; use a host name that it lists in Mqtt:Broker");
        }

        if (e.SslPolicyErrors.HasFlag(SslPolicyErrors.RemoteCertificateChainErrors))
        {
            var states = (e.Chain?.ChainStatus ?? []).Select(s => s.Status).Distinct().ToList();
            var dates = DateFault(e.Chain, DateTime.UtcNow);
            if (dates is not null)
            {
                faults.Add(dates);
            }

            if (dates is null || states.Exists(s => s is not (X509ChainStatusFlags.NotTimeValid or X509ChainStatusFlags.NoError)))
            {
                faults.Add($"the certificate is not trusted ({string.Join(", ", states)}); set Mqtt:CaFile to the authority that signed it");
            }
        }

        CertificateFault = string.Join("; ", faults);
        return false;
    }
}
