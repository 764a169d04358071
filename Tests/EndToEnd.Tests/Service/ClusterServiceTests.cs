using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using MobileVlm.Edge.Deploy.Configuration;
using MobileVlm.Edge.Deploy.Doctor;

namespace MobileVlm.Edge.EndToEnd.Tests.Service;

/// <summary>The built program as a host of a cluster, with certificates made by the documented commands.</summary>
public sealed partial class ClusterServiceTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("cluster-service-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Hosts_answer_each_other_with_certificates_by_the_documented_commands()
    {
        await MakeCertificatesAsync();
        var (camera, inference, mqtt) = (Mosquitto.FreePort(), Mosquitto.FreePort(), Mosquitto.FreePort());
        var inferenceFile = Write("inference", inference, inference, $"\"Model\": {{ \"Path\": {JsonSerializer.Serialize(DemoModel.Folder.FolderPath)} }}");
        var cameraFile = Write("camera", camera, inference, $$"""
            "Mqtt": { "Broker": "embedded", "Port": {{mqtt}} },
            "Cameras": { "gate": { "Source": {{JsonSerializer.Serialize(DemoModel.Clip)}}, "Loop": true, "Questions": { "p": { "Ask": "Is there a person?", "Answer": "YesNo", "Every": "00:00:00.2" } } } }
            """);
        await using var host = EdgeProcess.Start("run", "--config", inferenceFile);
        await using var service = EdgeProcess.Start("run", "--config", cameraFile);
        await service.LogsAsync("publishes to");
        var answer = MosquittoTool.Run(
            "mosquitto_sub",
            new Uri($"mqtt://127.0.0.1:{mqtt}"),
            ["-t", "mobilevlm/camera/gate/p/answer", "-C", "1", "-W", "90"]);
        using var json = JsonDocument.Parse(answer);
        Assert.Equal($"127.0.0.1:{inference}", json.RootElement.GetProperty("host").GetString());

        // Doctor connects as the camera host would.
        var findings = await ClusterChecks.RunAsync(EdgeConfiguration.Load(cameraFile), TimeProvider.System, CancellationToken.None);
        var texts = findings.Select(finding => finding.ToString()).ToList();
        Assert.Contains(texts, text => text.Contains($"127.0.0.1:{inference} accepts encrypted connections", StringComparison.Ordinal));
        Assert.Contains(texts, text => text.Contains("more days", StringComparison.Ordinal));
        Assert.DoesNotContain(findings, finding => finding.Kind == FindingKind.Bad);
    }

    [Fact]
    public async Task Doctor_names_a_certificate_of_another_authority_and_a_host_that_is_not_there()
    {
        await MakeCertificatesAsync();
        File.Move(Path.Combine(_folder, "authority.crt"), Path.Combine(_folder, "old.crt"));
        File.Move(Path.Combine(_folder, "host.crt"), Path.Combine(_folder, "old-host.crt"));
        File.Move(Path.Combine(_folder, "host.key"), Path.Combine(_folder, "old-host.key"));
        await MakeCertificatesAsync();
        File.Copy(Path.Combine(_folder, "old-host.crt"), Path.Combine(_folder, "host.crt"), overwrite: true);
        File.Copy(Path.Combine(_folder, "old-host.key"), Path.Combine(_folder, "host.key"), overwrite: true);
        var file = Write("inference", Mosquitto.FreePort(), Mosquitto.FreePort(), "\"Model\": { \"Path\": \"/models/a\" }");
        var findings = await ClusterChecks.RunAsync(EdgeConfiguration.Load(file), TimeProvider.System, CancellationToken.None);
        Assert.Contains(findings, finding => finding.Kind == FindingKind.Bad && finding.ToString().Contains("was not issued by", StringComparison.Ordinal));
        Assert.Contains(findings, finding => finding.Kind == FindingKind.Note && finding.ToString().Contains("cannot be reached", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Without_the_section_the_program_loads_nothing_of_it_and_opens_no_port()
    {
        var file = ServiceConfiguration.Write(
            _folder,
            "embedded",
            new Dictionary<string, string> { ["gate"] = "pattern:" },
            new Dictionary<string, object> { ["Port"] = Mosquitto.FreePort() });
        await using var service = EdgeProcess.Start("run", "--config", file);
        await service.LogsAsync("publishes to");
        var maps = await File.ReadAllTextAsync(string.Create(CultureInfo.InvariantCulture, $"/proc/{service.Id}/maps"));
        Assert.Contains("/Akka.dll", maps, StringComparison.Ordinal);
        Assert.DoesNotContain("/Akka.Remote.dll", maps, StringComparison.Ordinal);
        Assert.DoesNotContain("/Akka.Cluster.dll", maps, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Off_the_loopback_address_without_certificates_the_program_ends_with_2()
    {
        var file = Path.Combine(_folder, "bare.json");
        await File.WriteAllTextAsync(file, """
            { "MobileVlm": { "Cluster": { "Listen": "10.1.2.3:7071", "Nodes": ["10.1.2.4:7071"] }, "Mqtt": { "Broker": "embedded" },
              "Cameras": { "gate": { "Source": "pattern:", "Questions": { "person": { "Ask": "Is there a person?", "Answer": "YesNo" } } } } } }
            """);
        var (code, _, errors) = await EdgeProcess.RunAsync("run", "--config", file);
        Assert.Equal(2, code);
        Assert.Contains("MobileVlm:Cluster:CertificateFile", errors, StringComparison.Ordinal);
    }

    private string Write(string node, int port, int seed, string more)
    {
        var file = Path.Combine(_folder, $"{node}.json");
        File.WriteAllText(file, $$"""
            { "MobileVlm": { "Node": "{{node}}", {{more}},
              "Cluster": { "Listen": "127.0.0.1:{{port}}", "Nodes": ["127.0.0.1:{{seed}}"],
                "CertificateFile": "host.crt", "KeyFile": "host.key", "AuthorityFile": "authority.crt" } } }
            """);
        return file;
    }

    /// <summary>Runs the commands of the page.</summary>
    private async Task MakeCertificatesAsync()
    {
        var page = await File.ReadAllTextAsync(Path.Combine(DemoModel.Repository, "Deploy", "docs", "cluster.md"));
        var commands = Commands().Matches(page).Select(match => match.Groups["commands"].Value).ToList();
        Assert.Equal(2, commands.Count);
        var start = new ProcessStartInfo("sh") { WorkingDirectory = _folder, RedirectStandardError = true };
        start.ArgumentList.Add("-ec");
        start.ArgumentList.Add(string.Join('\n', commands));
        using var shell = Process.Start(start)!;
        var errors = await shell.StandardError.ReadToEndAsync();
        await shell.WaitForExitAsync();
        Assert.True(shell.ExitCode == 0, errors);
    }

    [GeneratedRegex("```sh\n(?<commands>(?:openssl[^\n]*\n)+)```")]
    private static partial Regex Commands();
}
