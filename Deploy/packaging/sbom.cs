// Writes the contents of a package as a CycloneDX 1.6 document, and copies every license text that must be shipped with it.
//
//   dotnet run Deploy/packaging/sbom.cs APP_FOLDER PACKAGES_FOLDER DOC_FOLDER VERSION
//
// APP_FOLDER is the published application; its dependency manifest, not the project file, lists what is in it.
// PACKAGES_FOLDER is NuGet's folder of restored packages. DOC_FOLDER gets sbom.cdx.json, copyright and licenses/.
// A package whose license is unknown stops the build, because a person must read it before the package is published.
#:property PublishAot=false
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Xml.Linq;

if (args is not [var app, var packages, var docs, var version])
{
    Console.Error.WriteLine("usage: sbom.cs APP_FOLDER PACKAGES_FOLDER DOC_FOLDER VERSION");
    return 2;
}

// Packages that are older than license expressions; their license was read at the address that they name.
var readByHand = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase)
{
    ["Reactive.Streams"] = "MIT-0",
};

var epoch = long.Parse(Environment.GetEnvironmentVariable("SOURCE_DATE_EPOCH") ?? "0", CultureInfo.InvariantCulture);
var manifest = JsonNode.Parse(File.ReadAllText(Directory.GetFiles(app, "*.deps.json").Single()))!;
var licenses = Directory.CreateDirectory(Path.Combine(docs, "licenses")).FullName;
var components = new JsonArray();
var summary = new StringBuilder();
var unknown = new List<string>();
foreach (var (key, library) in manifest["libraries"]!.AsObject().OrderBy(it => it.Key, StringComparer.Ordinal))
{
    var (id, number) = (key.Split('/')[0], key.Split('/')[1]);
    var type = library!["type"]!.GetValue<string>();
    if (type == "project")
    {
        continue;
    }

    id = type == "runtimepack" ? id["runtimepack.".Length..] : id;
    var folder = Path.Combine(packages, id.ToLowerInvariant(), number.ToLowerInvariant());
    var metadata = XDocument.Load(Directory.GetFiles(folder, "*.nuspec").Single()).Root!.Elements().First();
    var declared = metadata.Elements().FirstOrDefault(e => e.Name.LocalName == "license");
    var texts = Directory.GetFiles(folder).Where(IsLicenseText).Order(StringComparer.Ordinal).ToList();
    var expression = declared?.Attribute("type")?.Value == "expression" ? declared.Value : readByHand.GetValueOrDefault(id);
    if (expression is null && declared?.Attribute("type")?.Value == "file")
    {
        expression = Recognised(Path.Combine(folder, declared.Value.Replace('\\', '/')));
    }

    if (expression is null)
    {
        unknown.Add($"{id} {number}: {declared?.Value ?? metadata.Elements().FirstOrDefault(e => e.Name.LocalName == "licenseUrl")?.Value ?? "no license stated"}");
        continue;
    }

    foreach (var text in texts)
    {
        var target = Directory.CreateDirectory(Path.Combine(licenses, $"{id}-{number}")).FullName;
        File.Copy(text, Path.Combine(target, Path.GetFileName(text)), overwrite: true);
    }

    var authors = metadata.Elements().FirstOrDefault(e => e.Name.LocalName == "authors")?.Value;
    var component = new JsonObject
    {
        ["type"] = type == "runtimepack" ? "framework" : "library",
        ["bom-ref"] = $"pkg:nuget/{id}@{number}",
        ["name"] = id,
        ["version"] = number,
        ["purl"] = $"pkg:nuget/{id}@{number}",
        ["authors"] = new JsonArray(new JsonObject { ["name"] = authors ?? id }),
        ["licenses"] = new JsonArray(new JsonObject { ["expression"] = expression }),
    };
    if (library["sha512"]?.GetValue<string>() is { Length: > 0 } hash)
    {
        component["hashes"] = new JsonArray(new JsonObject
        {
            ["alg"] = "SHA-512",
            ["content"] = Convert.ToHexStringLower(Convert.FromBase64String(hash["sha512-".Length..])),
        });
    }

    components.Add(component);
    summary.Append(CultureInfo.InvariantCulture, $" {id} {number}: {expression}\n");
}

if (unknown.Count > 0)
{
    Console.Error.WriteLine("Unknown licenses, which a person must read (see 'readByHand'):\n" + string.Join('\n', unknown));
    return 1;
}

foreach (var file in Directory.GetFiles(app, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
{
    components.Add(new JsonObject
    {
        ["type"] = "file",
        ["name"] = Path.GetRelativePath(app, file),
        ["hashes"] = new JsonArray(new JsonObject
        {
            ["alg"] = "SHA-256",
            ["content"] = Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(file))),
        }),
    });
}

var document = new JsonObject
{
    ["bomFormat"] = "CycloneDX",
    ["specVersion"] = "1.6",
    ["version"] = 1,
    ["metadata"] = new JsonObject
    {
        ["timestamp"] = DateTimeOffset.FromUnixTimeSeconds(epoch).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture),
        ["component"] = new JsonObject
        {
            ["type"] = "application",
            ["bom-ref"] = "mobilevlm",
            ["name"] = "mobilevlm",
            ["version"] = version,
            ["licenses"] = new JsonArray(new JsonObject { ["expression"] = "Apache-2.0" }),
        },
    },
    ["components"] = components,
};
File.WriteAllText(Path.Combine(docs, "sbom.cdx.json"), document.ToJsonString(new JsonSerializerOptions
{
    WriteIndented = true,
    Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
}) + "\n");
File.WriteAllText(Path.Combine(docs, "copyright"), $"""
    Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
    Upstream-Name: MobileVlm.Edge

    Files: *
    Copyright: MobileVlm.Edge contributors
    License: Apache-2.0
    Comment: This package contains the .NET runtime and libraries that have their own licenses. Their texts are in
     /usr/share/doc/mobilevlm/licenses, all of them with their hashes in /usr/share/doc/mobilevlm/sbom.cdx.json:
    {summary.ToString().TrimEnd()}

    License: Apache-2.0
     On Debian systems the text is in /usr/share/common-licenses/Apache-2.0.

    """);
return 0;

static bool IsLicenseText(string path)
{
    var name = Path.GetFileName(path);
    return !name.EndsWith(".nuspec", StringComparison.OrdinalIgnoreCase)
        && (name.StartsWith("licen", StringComparison.OrdinalIgnoreCase)
            || name.StartsWith("copying", StringComparison.OrdinalIgnoreCase)
            || name.Contains("notice", StringComparison.OrdinalIgnoreCase));
}

static string? Recognised(string path)
{
    var text = File.ReadAllText(path);
    return text.Contains("Permission is hereby granted, free of charge", StringComparison.Ordinal) ? "MIT"
        : text.Contains("Apache License", StringComparison.Ordinal) && text.Contains("Version 2.0", StringComparison.Ordinal) ? "Apache-2.0"
        : null;
}
