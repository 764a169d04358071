using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Xml;
using System.Xml.Linq;

namespace MobileVlm.Edge.Connectors.Cameras.Feeds.Onvif;

/// <summary>Writes SOAP requests and reads what comes back, from senders that are not trusted: no DTD, no entities of
/// their own, a bounded size. Names count without their prefixes and namespaces, because cameras differ in both.</summary>
internal static class SoapMessage
{
    /// <summary>Longest answer read, in bytes.</summary>
    public const int MaxBytes = 1024 * 1024;

    private static readonly XNamespace Envelope = "http://www.w3.org/2003/05/soap-envelope";
    private static readonly XNamespace Security =
        "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";
    private static readonly XNamespace Utility =
        "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd";

    private static readonly XmlReaderSettings Safe = new()
    {
        DtdProcessing = DtdProcessing.Prohibit,
        XmlResolver = null,
        MaxCharactersInDocument = MaxBytes,
        MaxCharactersFromEntities = 1024,
        IgnoreComments = true,
        IgnoreProcessingInstructions = true,
        CheckCharacters = false,
    };

    /// <summary>A request.</summary>
    /// <param name="body">What it asks.</param>
    /// <param name="token">As <see cref="UsernameToken"/> makes it; null for a request without log-in.</param>
    public static byte[] Write(XElement body, XElement? token) => Encoding.UTF8.GetBytes(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>" + new XElement(
            Envelope + "Envelope",
            new XAttribute(XNamespace.Xmlns + "s", Envelope),
            token is null ? null : new XElement(Envelope + "Header", token),
            new XElement(Envelope + "Body", body)).ToString(SaveOptions.DisableFormatting));

    /// <summary>A log-in by digest: Base64(SHA1(nonce + created + password)) (WS-Security UsernameToken Profile 1.0). The
    /// password itself is not sent.</summary>
    /// <param name="user">Its name.</param>
    /// <param name="password">Its password.</param>
    /// <param name="now">By the camera's clock, which refuses what seems old.</param>
    public static XElement UsernameToken(string user, string password, DateTimeOffset now)
    {
        var nonce = RandomNumberGenerator.GetBytes(16);
        var created = now.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
        return new XElement(
            Security + "Security",
            new XAttribute(XNamespace.Xmlns + "wsse", Security),
            new XAttribute(XNamespace.Xmlns + "wsu", Utility),
            new XAttribute(Envelope + "mustUnderstand", "1"),
            new XElement(
                Security + "UsernameToken",
                new XElement(Security + "Username", user),
                new XElement(
                    Security + "Password",
                    new XAttribute("Type", "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordDigest"),
                    Digest(nonce, created, password)),
                new XElement(
                    Security + "Nonce",
                    new XAttribute("EncodingType", "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#Base64Binary"),
                    Convert.ToBase64String(nonce)),
                new XElement(Utility + "Created", created)));
    }

    /// <summary>The digest of <see cref="UsernameToken"/>.</summary>
#pragma warning disable CA5350 // The profile prescribes SHA-1.
    public static string Digest(byte[] nonce, string created, string password) =>
        Convert.ToBase64String(SHA1.HashData([.. nonce, .. Encoding.UTF8.GetBytes(created), .. Encoding.UTF8.GetBytes(password)]));
#pragma warning restore CA5350

    /// <summary>Reads an answer.</summary>
    /// <returns>Its outermost element, or null when it is not XML.</returns>
    public static XElement? Read(ReadOnlySpan<byte> answer)
    {
        // Some cameras begin with empty lines, which XML does not allow before its declaration.
        var text = answer.TrimStart(" \t\r\n\0"u8);
        try
        {
            using var reader = XmlReader.Create(new MemoryStream(text.ToArray()), Safe);
            if (reader.MoveToContent() != XmlNodeType.Element)
            {
                return null;
            }

            // To the end of the element only: some cameras send more behind it.
            using var element = reader.ReadSubtree();
            return XElement.Load(element);
        }
        catch (Exception fault) when (fault is XmlException or InvalidOperationException or ArgumentException or DecoderFallbackException)
        {
            return null;
        }
    }

    /// <summary>The first element of this name at any depth.</summary>
    public static XElement? Find(this XElement element, string name) =>
        element.DescendantsAndSelf().FirstOrDefault(it => it.Name.LocalName == name);

    /// <summary>All elements of this name at any depth.</summary>
    public static IEnumerable<XElement> FindAll(this XElement element, string name) =>
        element.DescendantsAndSelf().Where(it => it.Name.LocalName == name);

    /// <summary>The direct child of this name.</summary>
    public static XElement? Child(this XElement element, string name) =>
        element.Elements().FirstOrDefault(it => it.Name.LocalName == name);

    /// <summary>Its text without blanks around; null when there is none.</summary>
    public static string? Text(this XElement? element) => element?.Value.Trim() is { Length: > 0 } text ? text : null;

    /// <summary>Its text as a whole number, also where it is written as a fraction; null when it is none.</summary>
    public static int? Whole(this XElement? element) =>
        double.TryParse(element.Text(), NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
        && number is >= 0 and <= 100_000
            ? (int)number
            : null;
}
