using System.Security.Cryptography.X509Certificates;

namespace MobileVlm.Edge.Actors.Settings;

/// <summary>The cluster of hosts that this service belongs to.</summary>
public sealed record ClusterSettings
{
    /// <summary>Name or address of this host, as the others reach it.</summary>
    public required string Host { get; init; }

    public required int Port { get; init; }

    /// <summary>Addresses (<c>host:port</c>) at which a host that starts asks for the cluster; the same list, in the same order, on each
    /// host.</summary>
    public required IReadOnlyList<string> Nodes { get; init; }

    /// <summary>The certificate of this host with its private key, with which it connects and is connected to; null for plain connections,
    /// which only loopback addresses may use.</summary>
    public X509Certificate2? Certificate { get; init; }

    /// <summary>The authorities whose certificates other hosts must have.</summary>
    public IReadOnlyList<X509Certificate2> Authorities { get; init; } = [];

    /// <summary>A frame that another host has not answered by then is given up, and its questions are due again.</summary>
    public TimeSpan AnswerWithin { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The name of this host in the cluster: <c>host:port</c>.</summary>
    public string Listen => AddressOf(Host, Port);

    /// <summary>The text of an address.</summary>
    public static string AddressOf(string host, int port) => FormattableString.Invariant($"{host}:{port}");
}

/// <summary>A model as the hosts of a cluster compare it.</summary>
/// <param name="Name">The name in its manifest.</param>
/// <param name="Fingerprint">SHA-256 of its manifest, in hexadecimal digits: the manifest names the digests of all other files.</param>
/// <param name="PictureSize">Side of the encoder's input, in pixels.</param>
/// <param name="Padding">Colour with which pictures are padded to a square: red, green and blue, 0xRRGGBB.</param>
public sealed record ClusterModel(string Name, string Fingerprint, int PictureSize, int Padding)
{
    /// <summary>The padding as bytes, red first.</summary>
    public byte[] PaddingBytes => [(byte)(Padding >> 16), (byte)(Padding >> 8), (byte)Padding];
}
