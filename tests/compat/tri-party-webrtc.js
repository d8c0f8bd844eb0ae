// The guide's client, unchanged: guide-page.test.mjs holds the server and the orb against it.
class TriPartyWebRTC {
    constructor(roomId, userId, userRole) {
        this.roomId = roomId;
        this.userId = userId;
        this.userRole = userRole;
        this.peerConnections = new Map(); // peerId -> RTCPeerConnection
        this.remoteStreams = new Map(); // peerId -> MediaStream
        this.ws = null;
        this.localStream = null;
    }

    async initialize() {
        // Get local media
        await this.setupLocalMedia();
        
        // Connect to enhanced WebSocket
        this.connectWebSocket();
    }

    async setupLocalMedia() {
        try {
            this.localStream = await navigator.mediaDevices.getUserMedia({
                video: { width: 640, height: 480 },
                audio: true
            });
        } catch (err) {
            console.error('Failed to get local media:', err);
        }
    }

    connectWebSocket() {
        const protocol = window.location.protocol === 'https:' ? 'wss:' : 'ws:';
        const wsUrl = `${protocol}//${window.location.host}/ws-simple/${this.roomId}`;
        
        this.ws = new WebSocket(wsUrl);
        
        this.ws.onopen = () => {
            this.ws.send(JSON.stringify({
                type: 'join',
                roomId: this.roomId,
                userId: this.userId,
                userRole: this.userRole,
                userName: this.userName,
                participantType: 'human'
            }));
        };

        this.ws.onmessage = async (event) => {
            const data = JSON.parse(event.data);
            
            switch (data.type) {
                case 'peer-discovery':
                    // Initialize connections to existing peers
                    for (const peer of data.peers) {
                        await this.createPeerConnection(peer.userId, peer.participantType);
                        if (this.shouldCreateOffer(peer)) {
                            await this.createOffer(peer.userId);
                        }
                    }
                    break;
                    
                case 'user-joined':
                    await this.handleUserJoined(data);
                    break;
                    
                case 'offer':
                    await this.handleOffer(data);
                    break;
                    
                case 'answer':
                    await this.handleAnswer(data);
                    break;
                    
                case 'ice-candidate':
                    await this.handleIceCandidate(data);
                    break;
                    
                case 'user-left':
                    this.handleUserLeft(data);
                    break;
            }
        };
    }

    async createPeerConnection(peerId, participantType) {
        const configuration = {
            iceServers: await this.getIceServers()
        };
        
        const pc = new RTCPeerConnection(configuration);
        this.peerConnections.set(peerId, pc);
        
        // Add local tracks
        if (this.localStream) {
            this.localStream.getTracks().forEach(track => {
                pc.addTrack(track, this.localStream);
            });
        }
        
        // Handle remote stream
        pc.ontrack = (event) => {
            this.remoteStreams.set(peerId, event.streams[0]);
            this.onRemoteStream(peerId, event.streams[0], participantType);
        };
        
        // Handle ICE candidates
        pc.onicecandidate = (event) => {
            if (event.candidate) {
                this.ws.send(JSON.stringify({
                    type: 'ice-candidate',
                    candidate: event.candidate,
                    toId: peerId
                }));
            }
        };
        
        return pc;
    }

    async createOffer(peerId) {
        const pc = this.peerConnections.get(peerId);
        if (!pc) return;
        
        const offer = await pc.createOffer();
        await pc.setLocalDescription(offer);
        
        this.ws.send(JSON.stringify({
            type: 'offer',
            offer: offer,
            toId: peerId
        }));
    }

    async handleOffer(data) {
        const peerId = data.fromId;
        let pc = this.peerConnections.get(peerId);
        
        if (!pc) {
            pc = await this.createPeerConnection(peerId, 'human');
        }
        
        await pc.setRemoteDescription(new RTCSessionDescription(data.offer));
        
        const answer = await pc.createAnswer();
        await pc.setLocalDescription(answer);
        
        this.ws.send(JSON.stringify({
            type: 'answer',
            answer: answer,
            toId: peerId
        }));
    }

    async handleAnswer(data) {
        const pc = this.peerConnections.get(data.fromId);
        if (pc) {
            await pc.setRemoteDescription(new RTCSessionDescription(data.answer));
        }
    }

    async handleIceCandidate(data) {
        const pc = this.peerConnections.get(data.fromId);
        if (pc && pc.remoteDescription) {
            await pc.addIceCandidate(new RTCIceCandidate(data.candidate));
        }
    }

    handleUserLeft(data) {
        const pc = this.peerConnections.get(data.userId);
        if (pc) {
            pc.close();
            this.peerConnections.delete(data.userId);
        }
        
        this.remoteStreams.delete(data.userId);
        this.onUserLeft(data.userId);
    }

    // Callbacks for UI updates
    onRemoteStream(userId, stream, participantType) {
        // Override in implementation
    }

    onUserLeft(userId) {
        // Override in implementation
    }
}
