using MobileVlm.Edge.Deploy.Configuration;
using MobileVlm.Edge.Deploy.Configuration.Binding;

namespace MobileVlm.Edge.EndToEnd.Tests.Configuration;

/// <summary>Loads configurations with temporary folders and an environment that only the test sets.</summary>
public sealed class ConfigurationFixture : IDisposable
{
    public const string Design = """
        { "MobileVlm": {
          "Node": "edge-1",
          "Model": { "Path": "/var/lib/mobilevlm/models/mobilevlm-v2-1.7b", "Target": "cpu" },
          "Mqtt": { "Broker": "embedded", "BaseTopic": "mobilevlm" },
          "Cameras": { "gate": { "Source": "rtsp://10.0.0.5/stream", "Questions": {
              "person": { "Ask": "Is there a person?", "Answer": "YesNo", "Every": "00:00:02" },
              "scene":  { "Ask": "Describe the scene.", "Answer": "Text", "Every": "00:00:30" } } } } } }
        """;

    private readonly string _root = Directory.CreateTempSubdirectory("configuration-").FullName;

    public ConfigurationFixture()
    {
        Directory.CreateDirectory(Current);
        Directory.CreateDirectory(Machine);
    }

    public string Current => Path.Combine(_root, "current");

    public string Machine => Path.Combine(_root, "etc");

    public Dictionary<string, string> Environment { get; } = [];

    internal ConfigurationSources Sources => new(Current, Machine, "host-7.lan", Environment);

    /// <summary>The smallest accepted configuration, with parts replaced or added.</summary>
    public static string Small(string model = "", string mqtt = "", string camera = "", string question = "", string more = "") => $$"""
        { "MobileVlm": {
          "Model": { "Path": "/models/a" {{model}} },
          "Mqtt": { {{(mqtt.Length == 0 ? "\"Broker\": \"embedded\"" : mqtt)}} },
          "Cameras": { "gate": { "Source": "pattern:" {{camera}}, "Questions": {
            "person": { "Ask": "Is there a person?", "Answer": "YesNo" {{question}} } } } }
          {{more}} } }
        """;

    internal EdgeConfiguration Read(string json) => EdgeConfiguration.FromJson(json, Sources);

    internal ConfigurationException Refused(string json) =>
        Assert.Throws<ConfigurationException>(() => Read(json));

    /// <summary>The only error of a refused configuration.</summary>
    internal ConfigurationProblem Error(string json) => Assert.Single(Refused(json).Errors);

    public string Write(string folder, string name, string text)
    {
        var path = Path.Combine(folder, name);
        File.WriteAllText(path, text);
        return path;
    }

    /// <summary>The path of a file in the repository.</summary>
    public static string RepositoryFile(params string[] path)
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "MobileVlm.Edge.sln")))
        {
            folder = folder.Parent;
        }

        return Path.Combine([folder?.FullName ?? throw new InvalidOperationException("Not run from the repository."), .. path]);
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);
}
